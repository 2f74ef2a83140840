import { banyanError } from '@banyan/errors'

const maximumLength = 255
// A structured-field item (RFC 8941): a string, then parameters, which are ignored as unknown ones must be.
const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"(?:;[ ]*[a-z*][a-z0-9_.*-]*(?:=[^;,"]*)?)*$/
// Widely sent without quotes: a token, or a UUID.
const bare = /^[A-Za-z0-9!#$%&'*+.^_`|~:/=@-]+$/

/**
 * Reads an `Idempotency-Key` header as draft-ietf-httpapi-idempotency-key-header defines it (a quoted string); a bare
 * token is taken too, since many clients send one.
 * @throws `invalid-idempotency-key`
 */
export function parseIdempotencyKey(header: string | string[]): string {
  if (Array.isArray(header)) throw invalid('it is given more than once')
  const text = header.trim()
  const string = quoted.exec(text)?.[1]
  const key = string === undefined ? (bare.test(text) ? text : undefined) : string.replace(/\\(["\\])/g, '$1')
  if (key === undefined) throw invalid('it is neither a quoted string nor a token')
  if (key.length === 0) throw invalid('it is empty')
  if (key.length > maximumLength) throw invalid(`it has ${key.length} characters`)
  return key
}

function invalid(summary: string): Error {
  return banyanError('invalid-idempotency-key', { summary })
}
