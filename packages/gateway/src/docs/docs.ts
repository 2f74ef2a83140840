import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { compressed } from '../compression/compression.js'
import { beginExchange, type Edge } from '../edge.js'
import { commonHeaders } from '../responses.js'
import { docsPage, docsPolicy, docsScript } from './page.js'

interface Asset {
  readonly type: string
  /** From the package of Swagger UI, or written here. */
  read(): Promise<Buffer>
}

const script = 'text/javascript; charset=utf-8'
const css = 'text/css; charset=utf-8'
const year = 31_536_000

/** `/docs`: Swagger UI over `/openapi.json`. All of it comes from here; the page may load nothing from elsewhere. */
export function serveDocs(app: FastifyInstance, edge: Edge): void {
  const { folder, version } = locate()
  const page = docsPage(edge.runtime.app, `docs/assets/${version}`)
  const fromPackage = (type: string, file: string): Asset => ({ type, read: () => readFile(join(folder, file)) })
  const assets: Readonly<Record<string, Asset>> = {
    'swagger-ui.css': fromPackage(css, 'swagger-ui.css'),
    'swagger-ui-bundle.js': fromPackage(script, 'swagger-ui-bundle.js'),
    'start.js': { type: script, read: async () => Buffer.from(docsScript) },
  }
  const metrics = edge.metrics.route('GET', '/docs')
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    beginExchange(edge, metrics, request, reply)
    commonHeaders(edge, request, reply)
    done()
  }
  app.get('/docs', { onRequest }, (_request, reply) => {
    reply.header('content-security-policy', docsPolicy).type('text/html; charset=utf-8').send(page)
  })
  // Relative links of the page hold without the slash only; a relative target also holds under any mount path.
  app.get('/docs/', { onRequest }, (_request, reply) => reply.redirect('../docs', 308))
  const send = assetSender()
  for (const [name, asset] of Object.entries(assets)) {
    app.get(`/docs/assets/${version}/${name}`, { onRequest }, (request, reply) => send(name, asset, request, reply))
  }
}

// Compressed once and kept: three files, made when the page is first opened.
function assetSender(): (name: string, asset: Asset, request: FastifyRequest, reply: FastifyReply) => Promise<Buffer> {
  const kept = new Map<string, Promise<{ plain: Buffer; brotli: Buffer }>>()
  return async (name, asset, request, reply) => {
    const loading = kept.get(name) ?? load(asset)
    kept.set(name, loading)
    const { plain, brotli } = await loading.catch((error: unknown) => {
      kept.delete(name)
      throw error
    })
    // The version in the path changes with the content.
    reply
      .header('cache-control', `public, max-age=${year}, immutable`)
      .header('vary', 'accept-encoding')
      .type(asset.type)
    if (compressed(request.headers['accept-encoding'])?.encoding !== 'br') return plain
    reply.header('content-encoding', 'br')
    return brotli
  }
}

async function load(asset: Asset): Promise<{ plain: Buffer; brotli: Buffer }> {
  const plain = await asset.read()
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
  return { plain, brotli: await promisify(brotliCompress)(plain, { params }) }
}

function locate(): { folder: string; version: string } {
  const require = createRequire(import.meta.url)
  const manifest = require.resolve('@fastify/swagger-ui/package.json')
  const { version } = require(manifest) as { version: string }
  return { folder: join(dirname(manifest), 'static'), version }
}
