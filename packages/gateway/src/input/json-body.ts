import { isUtf8 } from 'node:buffer'
import { type BanyanError, banyanError } from '@banyan/errors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parsedBefore, readBytes } from './body-bytes.js'

const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i
const jsonType = /^application\/(?:[\w.!#$&^-]+\+)?json[ \t]*(?:;|$)/i

/**
 * Takes JSON bodies and no others: UTF-8 that is really UTF-8 (RFC 8259), uncompressed, and without keys that would
 * reach a prototype. An empty body counts as none.
 */
export function acceptJson(app: FastifyInstance, limitBytes: number): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(jsonType, (request, payload, done) => {
    const before = parsedBefore(request.raw)
    if (before !== undefined) {
      done(null, before)
      return
    }
    const refusal = refusalOf(request)
    if (refusal !== undefined) {
      done(refusal)
      return
    }
    readBytes(request, payload, limitBytes, (error, bytes) => {
      if (error !== null) done(error)
      else if (bytes.length === 0) done(null, undefined)
      else if (!isUtf8(bytes)) done(banyanError('invalid-request', { summary: 'the body is not valid UTF-8' }))
      // It answers through `done` and gives no promise.
      else void parse(request, bytes.toString('utf8'), done)
    })
  })
}

function refusalOf({ headers }: FastifyRequest): BanyanError | undefined {
  const type = headers['content-type'] ?? ''
  const given = type.length > 'application/json'.length ? charset.exec(type)?.[1]?.toLowerCase() : undefined
  if (given !== undefined && given !== 'utf-8' && given !== 'utf8')
    return banyanError('unsupported-media-type', { type })
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return undefined
  return banyanError('unsupported-media-type', { type: `${type} with content-encoding ${encoding}` })
}
