/** Where the gateway serves an operation. */
export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** The path as written: `/stock/{sku}`. */
  readonly path: string
  /** The names in braces, in order. */
  readonly parameters: readonly string[]
}

export type HttpParse = { readonly ok: true; readonly route: HttpRoute } | { readonly ok: false; readonly what: string }

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const literalSegment = /^[A-Za-z0-9._~-]+$/
const parameterSegment = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/

export const httpForm = `METHOD /path/{parameter} with METHOD one of ${methods.join(', ')}`

/** Reads `METHOD /path/{parameter}`. A segment is either literal or one parameter. */
export function parseHttp(text: string): HttpParse {
  const [, verb, path] = /^([^ ]+) (\/[^ ]*)$/.exec(text) ?? []
  if (verb === undefined || path === undefined) return { ok: false, what: `'${text}' is not METHOD /path` }
  const method = methods.find((known) => known === verb)
  if (method === undefined) return { ok: false, what: `'${verb}' is not a method that can be served` }
  const parameters: string[] = []
  const segments = path === '/' ? [] : path.slice(1).split('/')
  for (const segment of segments) {
    const parameter = parameterSegment.exec(segment)?.[1]
    if (parameter === undefined) {
      if (!literalSegment.test(segment))
        return { ok: false, what: `the segment '${segment}' of '${path}' is not valid` }
    } else if (parameters.includes(parameter)) {
      return { ok: false, what: `the parameter {${parameter}} stands twice in '${path}'` }
    } else {
      parameters.push(parameter)
    }
  }
  return { ok: true, route: Object.freeze({ method, path, parameters: Object.freeze(parameters) }) }
}

/** The same for two routes that no request could tell apart: names of parameters do not count. */
export function routeIdentity(route: HttpRoute): string {
  return `${route.method} ${route.path.replace(/\{[^}]*\}/g, '{}')}`
}
