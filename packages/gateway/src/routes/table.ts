import { type AnyContract, type HttpRoute, type OperationDefinition, parseHttp, routeIdentity } from '@banyan/contract'
import { type Problem, problemsError } from '@banyan/errors'
import { checkParameters } from '../input/check-parameters.js'
import type { RawRoute } from '../options.js'

/** Paths for probes and scrapers. */
export const healthPaths = ['/healthz', '/readyz', '/metrics'] as const

/** Paths that belong to the gateway. */
export const ownPaths = [...healthPaths, '/openapi.json', '/docs'] as const

export interface PlannedOperation {
  readonly module: string
  readonly operation: OperationDefinition
  readonly http: HttpRoute
}

export interface PlannedRawRoute extends RawRoute {
  readonly http: HttpRoute
}

/** Everything that the gateway serves for modules, in a fixed order. */
export interface RouteTable {
  readonly operations: readonly PlannedOperation[]
  readonly rawRoutes: readonly PlannedRawRoute[]
}

/**
 * Collects the routes of all modules.
 * @throws `invalid-app` with every route that is taken twice, cannot be read, or cannot carry its input
 */
export function planRoutes(app: string, contracts: Iterable<AnyContract>, routes: readonly RawRoute[]): RouteTable {
  const problems: Problem[] = []
  const operations = [...contracts].sort((one, other) => compareText(one.name, other.name)).flatMap(servedOperations)
  const rawRoutes = routes.flatMap((route) => planRawRoute(route, problems))
  for (const { module, operation } of operations) problems.push(...checkParameters(module, operation))
  problems.push(...checkUnique(operations, rawRoutes))
  if (problems.length > 0) throw problemsError('invalid-app', { name: app }, problems)
  return { operations, rawRoutes }
}

function servedOperations({ name, commands, queries }: AnyContract): PlannedOperation[] {
  return [...Object.values(commands), ...Object.values(queries)]
    .flatMap((operation) => (operation.http === undefined ? [] : [{ module: name, operation, http: operation.http }]))
    .sort((one, other) => compareText(one.operation.name, other.operation.name))
}

function planRawRoute(route: RawRoute, problems: Problem[]): PlannedRawRoute[] {
  const parsed = parseHttp(route.route)
  if (parsed.ok) return [{ ...route, http: parsed.route }]
  problems.push({
    who: `module ${route.module}`,
    where: `routes['${route.route}']`,
    what: parsed.what,
    allowed: 'METHOD /path/{parameter}',
    remedy: 'Correct the key of the route.',
  })
  return []
}

function checkUnique(operations: readonly PlannedOperation[], rawRoutes: readonly PlannedRawRoute[]): Problem[] {
  const problems: Problem[] = []
  const taken = new Map<string, string>()
  const claim = (http: HttpRoute, module: string, where: string): void => {
    const remedy = 'Choose another path.'
    const who = `module ${module}`
    const served = `'${http.method} ${http.path}' is served by`
    if (ownPaths.some((path) => http.path === path || http.path.startsWith('/docs/'))) {
      problems.push({
        who,
        where,
        what: `${served} the gateway itself`,
        allowed: `any but ${ownPaths.join(', ')}`,
        remedy,
      })
    }
    const identity = routeIdentity(http)
    const other = taken.get(identity)
    if (other === undefined) taken.set(identity, `module ${module}, ${where}`)
    else
      problems.push({
        who,
        where,
        what: `${served} ${other} already`,
        allowed: 'one owner per method and path',
        remedy,
      })
  }
  for (const { module, operation, http } of operations) {
    claim(http, module, `${operation.kind === 'command' ? 'commands' : 'queries'}.${operation.name}.http`)
  }
  for (const { module, route, http } of rawRoutes) claim(http, module, `routes['${route}']`)
  return problems
}

// Not by locale: the order must be the same on every machine.
const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
