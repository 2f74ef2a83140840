import type { HttpRoute } from '@banyan/contract'
import type { AnyHandler } from './module-types.js'

/**
 * The values of `{parameter}` in the path of a request, decoded. The path is read from its end, because an app may be
 * mounted under a prefix that the module knows nothing about.
 */
export function routeParameters({ path }: HttpRoute, url: string): Readonly<Record<string, string>> {
  const wanted = segmentsOf(path)
  const given = segmentsOf(new URL(url).pathname).slice(-wanted.length)
  const parameters: Record<string, string> = {}
  wanted.forEach((segment, index) => {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1]
    if (name !== undefined) parameters[name] = decode(given[index] ?? '')
  })
  return Object.freeze(parameters)
}

/** A handler that finds `params` in its context. Contexts are made for one run, so it may be added there. */
export function withParameters(route: HttpRoute, handler: AnyHandler): AnyHandler {
  return (request, context) => {
    const { url } = request as Request
    Object.defineProperty(context, 'params', { value: routeParameters(route, url), enumerable: true })
    return handler(request, context)
  }
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '')
}

// A path that is not properly encoded is for the handler to judge, as it came.
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
