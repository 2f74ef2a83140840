import type { IncomingMessage } from 'node:http'

// Kept with the request under a registered symbol: it lives exactly as long as the request, and fronts share nothing else.
const mount = Symbol.for('banyan.gateway.mount')

type Mounted = IncomingMessage & { [mount]?: string; originalUrl?: string }

/** Says that the request reached the gateway under a path prefix, which its `url` does not contain any more. */
export function mountAt(request: IncomingMessage, prefix: string): void {
  ;(request as Mounted)[mount] = prefix
}

/** The path prefix that the gateway is mounted at, as the client sees it; empty at the root. */
export function mountedAt(request: IncomingMessage): string {
  const { [mount]: prefix, originalUrl, url = '' } = request as Mounted
  if (prefix !== undefined) return prefix
  // Express and Connect cut the mount path off `url` and keep the whole in `originalUrl`.
  return originalUrl?.endsWith(url) === true ? originalUrl.slice(0, originalUrl.length - url.length) : ''
}
