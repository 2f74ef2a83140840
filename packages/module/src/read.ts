import { type AnyContract, type ProblemReport, parseHttp, problemReport, routeIdentity } from '@banyan/contract'
import type { Problem } from '@banyan/errors'
import { durationForm, readDuration } from './duration.js'
import type { AnyHandler, AnyModule, RouteDefinition, ValidatingSchema } from './module-types.js'
import type { LimitsOptions, RetentionOptions, RouteOptions, SubscriptionOptions } from './options.js'
import { withParameters } from './route.js'

type Handlers = Readonly<Record<string, AnyHandler>>

/** What is written in a module, to code that does not know its types. */
export interface AnyModuleOptions {
  readonly uses?: Readonly<Record<string, AnyContract>>
  readonly listens?: Readonly<Record<string, AnyContract>>
  readonly config?: ValidatingSchema
  readonly migrations?: string
  readonly context?: NonNullable<AnyModule['context']>
  readonly commands?: Handlers
  readonly queries?: Handlers
  readonly on?: Readonly<Record<string, Handlers>>
  readonly routes?: Readonly<Record<string, AnyHandler | RouteOptions<AnyHandler>>>
  readonly subscriptions?: Readonly<Record<string, SubscriptionOptions>>
  readonly limits?: LimitsOptions
  readonly retention?: RetentionOptions
}

const optionNames: readonly string[] = [
  'uses',
  'listens',
  'config',
  'migrations',
  'context',
  'commands',
  'queries',
  'on',
  'routes',
  'subscriptions',
  'limits',
  'retention',
]

/** Builds a module and collects every problem on the way; with problems, the module must not be used. */
export function readModule(
  contract: AnyContract,
  options: AnyModuleOptions,
): { module: AnyModule; problems: readonly Problem[] } {
  const report = problemReport(`module ${contract.name}`)
  const { uses = {}, listens = {}, config, migrations, context, commands = {}, queries = {}, on = {} } = options
  const { subscriptions = {}, limits = {}, retention = {} } = options
  checkOptionNames(report, options)
  checkContracts(report, 'uses', contract, uses)
  checkContracts(report, 'listens', contract, listens)
  checkHandlers(report, 'commands', Object.keys(contract.commands), commands)
  checkHandlers(report, 'queries', Object.keys(contract.queries), queries)
  const sources = { ...uses, ...listens, [contract.name]: contract }
  checkEventHandlers(report, sources, on)
  checkSubscriptions(report, on, subscriptions)
  checkLimits(report, limits)
  checkRetention(report, retention)
  const module: AnyModule = Object.freeze({
    kind: 'module' as const,
    name: contract.name,
    contract,
    uses: Object.freeze({ ...uses }),
    listens: Object.freeze({ ...listens }),
    ...(config === undefined ? {} : { config }),
    ...(migrations === undefined ? {} : { migrations }),
    ...(context === undefined ? {} : { context }),
    commands: Object.freeze({ ...commands }),
    queries: Object.freeze({ ...queries }),
    on: freezeEntries(on),
    routes: readRoutes(report, options.routes ?? {}),
    subscriptions: freezeEntries(subscriptions),
    limits: Object.freeze({ ...limits }),
    retention: Object.freeze({ ...retention }),
  })
  return { module, problems: report.problems }
}

function freezeEntries<Value extends object>(
  entries: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> {
  const frozen = Object.entries(entries).map(([name, value]) => [name, Object.freeze({ ...value })] as const)
  return Object.freeze(Object.fromEntries(frozen))
}

function checkOptionNames(report: ProblemReport, options: AnyModuleOptions): void {
  for (const name of Object.keys(options).filter((key) => !optionNames.includes(key))) {
    report.add(name, { what: `unknown option '${name}'`, allowed: optionNames.join(', '), remedy: 'Correct the name.' })
  }
}

function checkContracts(
  report: ProblemReport,
  where: 'uses' | 'listens',
  own: AnyContract,
  contracts: Readonly<Record<string, AnyContract>>,
): void {
  for (const [key, contract] of Object.entries(contracts)) {
    if (contract?.kind !== 'contract') {
      report.add(`${where}.${key}`, {
        what: 'this is not a contract',
        allowed: 'what contract({ … }) returned',
        remedy: 'Import the contract of the module, not the module.',
      })
    } else if (contract.name === own.name) {
      report.add(`${where}.${key}`, {
        what: 'a module needs no entry for itself',
        allowed: 'other modules',
        remedy: `Remove it: call.${own.name} and on.${own.name} are there without.`,
      })
    } else if (contract.name !== key) {
      report.add(`${where}.${key}`, {
        what: `the key '${key}' is not the name of the contract`,
        allowed: contract.name,
        remedy: `Write ${contract.name} instead of ${key}.`,
      })
    }
  }
}

function checkHandlers(
  report: ProblemReport,
  where: 'commands' | 'queries',
  promised: readonly string[],
  handlers: Handlers,
): void {
  const given = Object.keys(handlers)
  const kind = where === 'commands' ? 'command' : 'query'
  for (const name of promised.filter((promise) => typeof handlers[promise] !== 'function')) {
    report.add(`${where}.${name}`, {
      what: Object.hasOwn(handlers, name)
        ? 'the handler is not a function'
        : `the contract has a ${kind} without handler`,
      allowed: 'a function (input, context)',
      remedy: `Write its handler, or take the ${kind} out of the contract.`,
    })
  }
  for (const name of given.filter((handler) => !promised.includes(handler))) {
    report.add(`${where}.${name}`, {
      what: `the contract has no ${kind} '${name}'`,
      allowed: listed(promised, `none: the contract has no ${where}`),
      remedy: 'Correct the name, or add it to the contract.',
    })
  }
}

function checkEventHandlers(
  report: ProblemReport,
  sources: Readonly<Record<string, AnyContract>>,
  on: Readonly<Record<string, Handlers>>,
): void {
  for (const [source, handlers] of Object.entries(on)) {
    const contract = Object.hasOwn(sources, source) ? sources[source] : undefined
    if (contract === undefined) {
      report.add(`on.${source}`, {
        what: `'${source}' is neither used nor listened to`,
        allowed: Object.keys(sources).join(', '),
        remedy: `Add its contract to listens, or to uses.`,
      })
      continue
    }
    const events = Object.keys(contract.events ?? {})
    for (const [event, handler] of Object.entries(handlers)) {
      const where = `on.${source}.${event}`
      if (!events.includes(event)) {
        report.add(where, {
          what: `'${source}' publishes no event '${event}'`,
          allowed: listed(events, `none: '${source}' publishes no events`),
          remedy: 'Correct the name.',
        })
      } else if (typeof handler !== 'function') {
        report.add(where, {
          what: 'the handler is not a function',
          allowed: 'a function (data, context)',
          remedy: 'Write one.',
        })
      }
    }
  }
}

function checkSubscriptions(
  report: ProblemReport,
  on: Readonly<Record<string, Handlers>>,
  subscriptions: Readonly<Record<string, SubscriptionOptions>>,
): void {
  for (const [source, options] of Object.entries(subscriptions)) {
    const where = `subscriptions.${source}`
    if (!Object.hasOwn(on, source)) {
      report.add(where, {
        what: `no handler listens to '${source}'`,
        allowed: listed(Object.keys(on), 'none: the module listens to nothing'),
        remedy: `Add handlers under on.${source}, or remove the subscription.`,
      })
    }
    const { from = 'beginning', parallel = 1, attempts = 1, onDead = 'release' } = options
    if (from !== 'beginning' && from !== 'now' && Number.isNaN(new Date(from).getTime())) {
      report.add(`${where}.from`, {
        what: `${JSON.stringify(from)} is not a time`,
        allowed: "'beginning', 'now', a Date, or a time like 2026-01-31T12:00:00Z",
        remedy: 'Correct it.',
      })
    }
    checkWhole(report, `${where}.parallel`, parallel, 1, 64)
    checkWhole(report, `${where}.attempts`, attempts, 1, 1000)
    if (onDead !== 'release' && onDead !== 'hold') {
      report.add(`${where}.onDead`, { what: `'${onDead}' is unknown`, allowed: 'release, hold', remedy: 'Correct it.' })
    }
  }
}

function checkLimits(report: ProblemReport, { concurrency = 1, queue = 0, deadline = 1 }: LimitsOptions): void {
  checkWhole(report, 'limits.concurrency', concurrency, 1, 1_000_000)
  checkWhole(report, 'limits.queue', queue, 0, 1_000_000)
  checkDuration(report, 'limits.deadline', deadline)
}

function checkRetention(report: ProblemReport, { inbox = 1, log = 'forever' }: RetentionOptions): void {
  checkDuration(report, 'retention.inbox', inbox)
  if (log !== 'forever') checkDuration(report, 'retention.log', log)
}

function checkWhole(report: ProblemReport, where: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  report.add(where, {
    what: `${String(value)} is out of range`,
    allowed: `a whole number from ${min} to ${max}`,
    remedy: 'Correct it, or leave it out for the default.',
  })
}

function checkDuration(report: ProblemReport, where: string, value: unknown): void {
  const ms = readDuration(value)
  if (ms !== undefined && ms > 0) return
  report.add(where, {
    what: `${JSON.stringify(value)} is not a duration above zero`,
    allowed: durationForm,
    remedy: 'Correct it, or leave it out for the default.',
  })
}

function readRoutes(
  report: ProblemReport,
  routes: NonNullable<AnyModuleOptions['routes']>,
): Readonly<Record<string, RouteDefinition>> {
  const read: Record<string, RouteDefinition> = {}
  const taken = new Map<string, string>()
  for (const [text, given] of Object.entries(routes)) {
    const where = `routes['${text}']`
    const parsed = parseHttp(text)
    const options: Partial<RouteOptions<AnyHandler>> = typeof given === 'function' ? { handler: given } : given
    const { handler, summary, access } = options
    if (!parsed.ok) {
      report.add(where, { what: parsed.what, allowed: 'METHOD /path/{parameter}', remedy: 'Correct the route.' })
      continue
    }
    if (typeof handler !== 'function') {
      report.add(where, {
        what: 'the route has no handler',
        allowed: 'a function (request, context)',
        remedy: 'Write one.',
      })
      continue
    }
    const other = taken.get(routeIdentity(parsed.route))
    if (other !== undefined) {
      report.add(where, {
        what: `the same as '${other}'`,
        allowed: 'one handler per method and path; names of parameters make no difference',
        remedy: 'Remove one of them.',
      })
    }
    taken.set(routeIdentity(parsed.route), text)
    const described = { ...(summary === undefined ? {} : { summary }), ...(access === undefined ? {} : { access }) }
    read[text] = Object.freeze({ ...parsed.route, ...described, handler: withParameters(parsed.route, handler) })
  }
  return Object.freeze(read)
}

function listed(names: readonly string[], otherwise: string): string {
  return names.length === 0 ? otherwise : names.join(', ')
}
