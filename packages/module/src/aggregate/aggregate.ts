import type { SchemaOutput } from '@banyan/contract'
import { type AnySchema, checkedCodec, checkName, isSchema, type ProblemReport, problemReport } from '@banyan/contract'
import { problemsError } from '@banyan/errors'
import type {
  Aggregate,
  AggregateEventDefinition,
  AggregateEventOptions,
  AnyAggregate,
  Evolve,
  ResolvedAggregateEvents,
  SnapshotOptions,
  StreamEventInfo,
} from './aggregate-types.js'
import { frozenState } from './frozen.js'

/** How an aggregate is written. */
export interface AggregateOptions<State, Schemas> {
  /** Names its streams within the module; never changed once there are any. */
  readonly name: string
  /** The state of a stream without events: plain data (JSON). */
  readonly initial: State
  /** By name, the schema of an event's data, or more about the event. An event that streams hold stays here for ever. */
  readonly events: {
    readonly [Type in keyof Schemas]: Schemas[Type] | AggregateEventOptions<Extract<Schemas[Type], AnySchema>>
  }
  /** By event, the state after it. Pure: it reads neither clock nor database, and changes nothing that it was given. */
  readonly evolve: {
    readonly [Type in keyof NoInfer<Schemas>]: (
      state: State,
      data: SchemaOutput<NoInfer<Schemas>[Type]>,
      event: StreamEventInfo,
    ) => NoInfer<State>
  }
  /** Absent: a stream is read from its beginning each time. */
  readonly snapshots?: SnapshotOptions
}

/**
 * State that remembers how it came to be: what happened is kept, in a stream for each id, and the state is made of it.
 * Handlers get it by `load(cart, id)`.
 * @throws `invalid-aggregate` with every problem of the definition at once
 */
export function aggregate<State, Schemas extends Record<string, AnySchema>>(
  options: AggregateOptions<State, Schemas>,
): Aggregate<State, ResolvedAggregateEvents<Schemas>>
export function aggregate(options: AggregateOptions<unknown, Record<string, AnySchema>>): AnyAggregate {
  const { name, events, snapshots } = options
  const report = problemReport(`aggregate ${String(name)}`)
  checkName(report, 'name', 'an aggregate', name)
  const evolve = options.evolve as Readonly<Record<string, Evolve>>
  checkEvolve(report, Object.keys(events), evolve)
  checkSnapshots(report, snapshots)
  const read = Object.entries(events).map(([type, given]) => [type, readEvent(report, type, given)] as const)
  const definition: AnyAggregate = Object.freeze({
    kind: 'aggregate' as const,
    name,
    initial: readInitial(report, options.initial),
    events: Object.freeze(Object.fromEntries(read)),
    evolve: Object.freeze({ ...evolve }),
    ...(snapshots === undefined ? {} : { snapshots: { every: snapshots.every, version: snapshots.version ?? 1 } }),
  })
  if (report.problems.length > 0) throw problemsError('invalid-aggregate', { name: String(name) }, report.problems)
  return definition
}

function readInitial(report: ProblemReport, initial: unknown): unknown {
  const frozen = frozenState(initial)
  if (frozen.ok) return frozen.value
  for (const { path, message } of frozen.issues)
    report.add(['initial', ...path].join('.'), {
      what: message,
      allowed: 'plain objects, lists, texts, finite numbers, true, false and null',
      remedy: 'A state is kept as JSON: write dates as texts or milliseconds, sets as lists.',
    })
  return undefined
}

function checkEvolve(report: ProblemReport, types: readonly string[], evolve: Readonly<Record<string, Evolve>>): void {
  for (const type of types.filter((one) => typeof evolve[one] !== 'function'))
    report.add(`evolve.${type}`, {
      what: 'the event has no function that makes the state after it',
      allowed: 'a function (state, data, event)',
      remedy: 'Write one; (state) => state where nothing changes.',
    })
  for (const type of Object.keys(evolve).filter((one) => !types.includes(one)))
    report.add(`evolve.${type}`, {
      what: `there is no event '${type}'`,
      allowed: types.join(', '),
      remedy: 'Correct the name, or add the event.',
    })
}

function checkSnapshots(report: ProblemReport, { every = 1, version = 1 }: Partial<SnapshotOptions> = {}): void {
  for (const [where, value] of [
    ['every', every],
    ['version', version],
  ] as const)
    if (!Number.isInteger(value) || value < 1 || value > 1_000_000)
      report.add(`snapshots.${where}`, {
        what: `${String(value)} is out of range`,
        allowed: 'a whole number from 1 to 1000000',
        remedy: 'Correct it.',
      })
}

function readEvent(
  report: ProblemReport,
  type: string,
  given: AnySchema | AggregateEventOptions<AnySchema>,
): AggregateEventDefinition {
  const where = `events.${type}`
  const options: AggregateEventOptions<AnySchema> = isSchema(given) ? { data: given } : given
  const { data, version = 1, upcast = {}, tags } = options
  checkName(report, where, 'an event', type)
  if (data === undefined)
    report.add(where, {
      what: 'an event needs a schema of its data',
      allowed: 'a schema, or { data: schema }',
      remedy: 'Write z.object({}) where there is nothing to say.',
    })
  if (!Number.isInteger(version) || version < 1 || version > 10_000)
    report.add(`${where}.version`, {
      what: `${String(version)} is not the version of a schema`,
      allowed: 'a whole number from 1 to 10000',
      remedy: 'Correct it.',
    })
  else checkUpcast(report, where, version, upcast)
  return Object.freeze({
    name: type,
    version,
    codec: checkedCodec(report, where, data),
    upcast: Object.freeze({ ...upcast }),
    ...(tags === undefined ? {} : { tags: tags as NonNullable<AggregateEventDefinition['tags']> }),
  })
}

function checkUpcast(report: ProblemReport, where: string, version: number, upcast: object): void {
  const wanted = Array.from({ length: version - 1 }, (_, index) => String(index + 1))
  for (const one of wanted.filter((old) => typeof (upcast as Record<string, unknown>)[old] !== 'function'))
    report.add(`${where}.upcast`, {
      what: `data of version ${one} cannot be read`,
      allowed: `a function for each of ${wanted.join(', ')}`,
      remedy: `Write what makes version ${Number(one) + 1} of version ${one}.`,
    })
  for (const one of Object.keys(upcast).filter((old) => !wanted.includes(old)))
    report.add(`${where}.upcast`, {
      what: `${one} is no version before the present one, ${version}`,
      allowed: wanted.join(', ') || 'none: this is the first version',
      remedy: 'Remove it, or count the version up.',
    })
}
