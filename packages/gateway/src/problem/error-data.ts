import { banyanError, catalogue, type ErrorData, errorData, isBanyanError } from '@banyan/errors'

/** Errors of Fastify and Node by their code, in our words. What is not listed is internal. */
const foreign: Readonly<Record<string, (error: ForeignError) => ErrorData>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ({ contentType }) =>
    errorData(banyanError('unsupported-media-type', { type: contentType ?? 'none' })),
  FST_ERR_CTP_BODY_TOO_LARGE: ({ limitBytes }) =>
    errorData(banyanError('payload-too-large', { what: 'The request body', limitBytes })),
  FST_ERR_CTP_INVALID_JSON_BODY: () => invalid('the body is not valid JSON'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => invalid('the body is empty'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => invalid('the body is not as long as its Content-Length says'),
  FST_ERR_BAD_URL: () => invalid('the path is not properly encoded'),
  ECONNRESET: () => invalid('the connection ended before the request did'),
  ERR_STREAM_PREMATURE_CLOSE: () => invalid('the connection ended before the request did'),
}

interface ForeignError {
  readonly contentType: string | undefined
  readonly limitBytes: number
}

function invalid(summary: string): ErrorData {
  return errorData(banyanError('invalid-request', { summary }))
}

/** An error as data; `undefined` for one that nobody foresaw, which the caller logs and reports as internal. */
export function knownErrorData(error: unknown, context: ForeignError): ErrorData | undefined {
  if (isBanyanError(error)) return errorData(error)
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  return Object.hasOwn(foreign, code) ? foreign[code]?.(context) : undefined
}

/** What an unforeseen error looks like from outside: where to find it in the log, and nothing else. */
export function internalErrorData(module: string, reference: string): ErrorData {
  return errorData(banyanError('internal', { module, reference }))
}

/** Whether a caller outside may see the error: it is of the catalogue, or of the operation's own contract. */
export function isPublic(code: string, declared: ReadonlySet<string>): boolean {
  return Object.hasOwn(catalogue, code) || declared.has(code)
}
