import type { Problem } from '@banyan/errors'
import type { AnyContract } from './contract-types.js'
import type { DeclaredError } from './declared-error.js'
import { type EventDefinition, readEvent } from './event.js'
import { routeIdentity } from './http.js'
import { checkName } from './names.js'
import { type OperationDefinition, readOperation } from './operation.js'
import type { CommandsOptions, EventsOptions, QueriesOptions } from './options.js'
import { type ProblemReport, problemReport } from './problems.js'
import { parseVersion } from './version.js'

/** What is written in a contract, to code that does not know its types. */
export interface AnyContractOptions {
  readonly name: string
  readonly version: string
  readonly owner?: string
  readonly summary?: string
  readonly commands?: CommandsOptions
  readonly queries?: QueriesOptions
  readonly events?: EventsOptions
}

type Operations = Readonly<Record<string, OperationDefinition>>

/** Builds a contract and collects every problem on the way; with problems, the contract must not be used. */
export function readContract(options: AnyContractOptions): {
  contract: AnyContract
  problems: readonly Problem[]
} {
  const { name, version, owner, summary } = options
  const report = problemReport(`contract ${name}`)
  checkName(report, 'name', 'a module', name)
  checkVersion(report, version)
  const commands = readOperations(report, name, 'command', options.commands ?? {})
  const queries = readOperations(report, name, 'query', options.queries ?? {})
  const events: Record<string, EventDefinition> = {}
  for (const [key, event] of Object.entries(options.events ?? {})) events[key] = readEvent(report, key, event)
  checkOneKind(report, commands, queries)
  checkRoutes(report, commands, queries)
  const contract: AnyContract = Object.freeze({
    kind: 'contract' as const,
    name,
    version,
    ...(owner === undefined ? {} : { owner }),
    ...(summary === undefined ? {} : { summary }),
    commands,
    queries,
    events: Object.freeze(events),
    errors: collectErrors(report, commands, queries),
  })
  return { contract, problems: report.problems }
}

function checkVersion(report: ProblemReport, version: unknown): void {
  if (typeof version === 'string' && parseVersion(version) !== undefined) return
  report.add('version', {
    what: `${JSON.stringify(version)} is not a semantic version`,
    allowed: "major.minor.patch, for example '1.0.0'",
    remedy: 'See https://semver.org.',
  })
}

function readOperations(
  report: ProblemReport,
  module: string,
  kind: 'command' | 'query',
  definitions: CommandsOptions | QueriesOptions,
): Operations {
  const group = kind === 'command' ? 'commands' : 'queries'
  const operations: Record<string, OperationDefinition> = {}
  for (const [name, options] of Object.entries(definitions)) {
    operations[name] = readOperation({ report, module, kind, name, where: `${group}.${name}` }, options)
  }
  return Object.freeze(operations)
}

function checkOneKind(report: ProblemReport, commands: Operations, queries: Operations): void {
  for (const name of Object.keys(queries).filter((query) => Object.hasOwn(commands, query))) {
    report.add(`queries.${name}`, {
      what: `'${name}' is a command too`,
      allowed: 'one name is either a command or a query',
      remedy: 'Rename one of them.',
    })
  }
}

function checkRoutes(report: ProblemReport, commands: Operations, queries: Operations): void {
  const taken = new Map<string, string>()
  const entries = [...Object.values(commands), ...Object.values(queries)]
  for (const { kind, name, http } of entries) {
    if (http === undefined) continue
    const where = `${kind === 'command' ? 'commands' : 'queries'}.${name}`
    const identity = routeIdentity(http)
    const other = taken.get(identity)
    if (other === undefined) taken.set(identity, where)
    else {
      report.add(`${where}.http`, {
        what: `'${http.method} ${http.path}' is served by ${other} already`,
        allowed: 'one operation per method and path; names of parameters make no difference',
        remedy: 'Change one of the two routes.',
      })
    }
  }
}

/** All errors of the contract by name. The same name must mean the same everywhere, since a code has one meaning. */
function collectErrors(
  report: ProblemReport,
  commands: Operations,
  queries: Operations,
): Readonly<Record<string, DeclaredError>> {
  const errors: Record<string, DeclaredError> = {}
  const places = new Map<string, string>()
  for (const operation of [...Object.values(commands), ...Object.values(queries)]) {
    const group = operation.kind === 'command' ? 'commands' : 'queries'
    for (const [name, error] of Object.entries(operation.errors)) {
      const where = `${group}.${operation.name}.errors.${name}`
      const first = errors[name]
      if (first === undefined) {
        errors[name] = error
        places.set(name, where)
      } else if (!isSameError(first, error)) {
        report.add(where, {
          what: `'${name}' is declared differently at ${places.get(name)}`,
          allowed: 'one definition per name: status, message, retryable and details',
          remedy: 'Put the definition into a constant that both use, or rename one.',
        })
      }
    }
  }
  return Object.freeze(errors)
}

function isSameError(one: DeclaredError, other: DeclaredError): boolean {
  if (one.status !== other.status || one.message !== other.message || one.retryable !== other.retryable) return false
  if (one.details === other.details) return true
  return JSON.stringify(one.detailsCodec.jsonSchema) === JSON.stringify(other.detailsCodec.jsonSchema)
}
