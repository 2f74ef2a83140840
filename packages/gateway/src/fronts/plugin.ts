import type { FastifyPluginCallback } from 'fastify'
import { mountAt } from './mount.js'
import type { NodeHandler } from './node-handler.js'

/**
 * The gateway as a plugin of a Fastify application that exists already. Register it with a prefix; it takes everything
 * below, with its own limits, errors and documents, and leaves the parsers and hooks of the application alone.
 */
export function createPlugin(handle: NodeHandler): FastifyPluginCallback {
  return (host, _options, done) => {
    const { prefix } = host
    host.removeAllContentTypeParsers()
    // The body stays on the wire for the gateway, whatever the application would have made of it.
    host.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    const urls = prefix === '' ? ['/*'] : ['/', '/*']
    for (const url of urls) {
      host.route({
        method: host.supportedMethods as never,
        url,
        exposeHeadRoute: false,
        handler(request, reply) {
          const { raw } = request
          mountAt(raw, prefix)
          raw.url = withoutPrefix(raw.url ?? '/', prefix)
          reply.hijack()
          handle(raw, reply.raw)
        },
      })
    }
    done()
  }
}

function withoutPrefix(url: string, prefix: string): string {
  const rest = url.startsWith(prefix) ? url.slice(prefix.length) : url
  return rest.startsWith('/') ? rest : `/${rest}`
}
