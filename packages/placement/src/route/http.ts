import { banyanError } from '@banyan/errors'
import { payloadLimitBytes } from '@banyan/runtime'
import { GarbledFrame } from '../frames/reader.js'

/** A request as it crosses; its body goes beside. */
export interface RequestHead {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
}

export interface ResponseHead {
  readonly status: number
  readonly statusText: string
  readonly headers: readonly (readonly [string, string])[]
}

const withoutBody = new Set([101, 204, 205, 304])

export const requestHead = ({ method, url, headers }: Request): RequestHead => ({ method, url, headers: [...headers] })

export const responseHead = ({ status, statusText, headers }: Response): ResponseHead => ({
  status,
  statusText,
  headers: [...headers],
})

/**
 * The body, up to the limit of what crosses. What is not read to its end is cancelled, so that whoever makes it stops.
 * @throws payload-too-large, deadline-exceeded when `over` comes first
 */
export async function bodyBytes({ body }: Request | Response, what: string, over?: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  if (!body) return Buffer.concat(parts)
  const reader = body.getReader()
  // How the maker of the body takes that it ends does not matter to who asked.
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  if (over?.aborted) cancel()
  over?.addEventListener('abort', cancel, { once: true })
  try {
    let sum = 0
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      sum += read.value.length
      if (sum > payloadLimitBytes) {
        cancel()
        throw banyanError('payload-too-large', { what, limitBytes: payloadLimitBytes })
      }
      parts.push(read.value)
    }
  } finally {
    over?.removeEventListener('abort', cancel)
  }
  if (over?.aborted) throw banyanError('deadline-exceeded', { operation: what })
  return Buffer.concat(parts)
}

/** @throws GarbledFrame */
export function requestOf(head: unknown, body: Uint8Array): Request {
  const { method, url, headers } = head as Partial<RequestHead>
  if (typeof method !== 'string' || typeof url !== 'string' || !isHeaders(headers)) throw new GarbledFrame('a request')
  const bodied = body.length > 0 && method !== 'GET' && method !== 'HEAD'
  return new Request(url, { method, headers: copied(headers), ...(bodied ? { body: Buffer.from(body) } : {}) })
}

/** @throws GarbledFrame */
export function responseOf(head: unknown, body: Uint8Array): Response {
  const { status, statusText, headers } = head as Partial<ResponseHead>
  if (typeof status !== 'number' || typeof statusText !== 'string' || !isHeaders(headers))
    throw new GarbledFrame('a response')
  return new Response(withoutBody.has(status) ? null : Buffer.from(body), {
    status,
    statusText,
    headers: copied(headers),
  })
}

const copied = (headers: RequestHead['headers']): [string, string][] => headers.map(([name, value]) => [name, value])

function isHeaders(value: unknown): value is RequestHead['headers'] {
  return (
    Array.isArray(value) &&
    value.every(
      (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((text: unknown) => typeof text === 'string'),
    )
  )
}
