import { isUtf8 } from 'node:buffer'
import { banyanError } from '@banyan/errors'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i
const jsonType = /^application\/(?:[\w.!#$&^-]+\+)?json[ \t]*(?:;|$)/i

/**
 * Takes JSON bodies and no others: UTF-8 that is really UTF-8 (RFC 8259), uncompressed, and without keys that would
 * reach a prototype. An empty body counts as none.
 */
export function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(jsonType, { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as unknown as Buffer
    const refusal = refusalOf(request, bytes)
    if (refusal !== undefined) done(refusal)
    else if (bytes.length === 0) done(null, undefined)
    // It answers through `done` and gives no promise.
    else void parse(request, bytes.toString('utf8'), done)
  })
}

function refusalOf(request: FastifyRequest, bytes: Buffer): Error | undefined {
  const { headers } = request
  const type = headers['content-type'] ?? ''
  const given = type.length > 'application/json'.length ? charset.exec(type)?.[1]?.toLowerCase() : undefined
  if (given !== undefined && given !== 'utf-8' && given !== 'utf8')
    return banyanError('unsupported-media-type', { type })
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return banyanError('unsupported-media-type', { type: `${type} with content-encoding ${encoding}` })
  }
  return isUtf8(bytes) ? undefined : banyanError('invalid-request', { summary: 'the body is not valid UTF-8' })
}
