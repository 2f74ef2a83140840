import type { IncomingMessage } from 'node:http'
import { type BanyanError, banyanError } from '@banyan/errors'
import type { FastifyRequest } from 'fastify'

const none = Buffer.alloc(0)

/** The body as middleware before the gateway left it (`express.json()`); then it is gone from the wire. */
export function parsedBefore(request: IncomingMessage): unknown {
  return request.readableEnded ? (request as IncomingMessage & { body?: unknown }).body : undefined
}

/**
 * Reads a whole body, up to a limit: beyond it the rest is not read any more, and the connection ends with the answer.
 * Nearly every body is one chunk, which is handed on without a copy.
 */
export function readBytes(
  request: FastifyRequest,
  payload: IncomingMessage,
  limitBytes: number,
  done: (error: Error | null, bytes: Buffer) => void,
): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
    done(tooLarge(limitBytes), none)
    return
  }
  let first: Buffer | undefined
  let chunks: Buffer[] | undefined
  let length = 0
  let open = true
  const finish = (error: Error | null): void => {
    if (!open) return
    open = false
    done(error, error !== null || first === undefined ? none : chunks === undefined ? first : Buffer.concat(chunks))
  }
  payload.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > limitBytes) {
      payload.pause()
      finish(tooLarge(limitBytes))
    } else if (first === undefined) first = chunk
    else if (chunks === undefined) chunks = [first, chunk]
    else chunks.push(chunk)
  })
  payload.on('end', () => finish(null))
  payload.on('error', finish)
}

/** The refusal of a body beyond a limit. */
export function tooLarge(limitBytes: number): BanyanError {
  return banyanError('payload-too-large', { what: 'The request body', limitBytes })
}
