import { type ProblemReport, problemReport } from '@banyan/contract'
import { problemsError } from '@banyan/errors'
import type { AnyAggregate, AnyDecision, Decision, StreamEventInfo } from './aggregate-types.js'

type EventsOf<One> = One extends { readonly '~types'?: { readonly events: infer Events } } ? Events : never

type ReceivedOf<Event> = Event extends { received: infer Data } ? Data : never

/** How a decision is written. */
export interface DecisionOptions<Of, Input, State> {
  /** The aggregates whose events it reads, by their names. */
  readonly of: Of
  /** The state before the first event. */
  readonly initial: (input: Input) => State
  /**
   * Which events are read: those that carry all tags of one of these lists, at least one tag in each, and that `evolve`
   * has a function for.
   */
  readonly tags: (input: Input) => readonly (readonly string[])[]
  /** By aggregate and event, the state after it. Events come in the order in which they were appended. */
  readonly evolve: {
    readonly [Name in keyof Of]?: {
      readonly [Type in keyof EventsOf<Of[Name]>]?: (
        state: NoInfer<State>,
        data: ReceivedOf<EventsOf<Of[Name]>[Type]>,
        event: StreamEventInfo & { readonly id: string },
      ) => NoInfer<State>
    }
  }
}

/**
 * What a command must know before it appends, across streams: how many seats of a course are taken, whether a name is free.
 * A command that loads it commits only if no event was added meanwhile that it would have read.
 * @throws `invalid-aggregate` with every problem of the definition at once
 */
export function decision<const Of extends Readonly<Record<string, AnyAggregate>>, Input, State>(
  options: DecisionOptions<Of, Input, State>,
): Decision<Input, State>
export function decision(options: DecisionOptions<Record<string, AnyAggregate>, never, unknown>): AnyDecision {
  const { of, initial, tags } = options
  const evolve = options.evolve as AnyDecision['evolve']
  const report = problemReport(`decision of ${Object.keys(of).join(', ')}`)
  for (const [name, one] of Object.entries(of)) checkAggregate(report, name, one)
  for (const [name, functions] of Object.entries(evolve)) checkEvolve(report, name, of[name], functions)
  if (!Object.values(evolve).some((functions) => Object.keys(functions).length > 0))
    report.add('evolve', {
      what: 'it reads no event',
      allowed: 'a function for at least one event',
      remedy: 'Write what the events make of the state.',
    })
  if (report.problems.length > 0)
    throw problemsError('invalid-aggregate', { name: Object.keys(of).join(', ') }, report.problems)
  return Object.freeze({ kind: 'decision' as const, of: Object.freeze({ ...of }), initial, tags, evolve })
}

function checkAggregate(report: ProblemReport, key: string, one: AnyAggregate | undefined): void {
  if (one?.kind === 'aggregate' && one.name === key) return
  report.add(`of.${key}`, {
    what: one?.kind === 'aggregate' ? `the key is not the name of the aggregate, ${one.name}` : 'this is no aggregate',
    allowed: 'aggregates by their names',
    remedy: 'Write what aggregate({ … }) returned, under its name.',
  })
}

function checkEvolve(report: ProblemReport, name: string, one: AnyAggregate | undefined, functions: object): void {
  if (one === undefined) {
    report.add(`evolve.${name}`, {
      what: `'${name}' is not among the aggregates it is of`,
      allowed: 'names that stand under of',
      remedy: 'Add the aggregate, or correct the name.',
    })
    return
  }
  const types = Object.keys(one.events)
  for (const [type, evolve] of Object.entries(functions)) {
    if (types.includes(type) && typeof evolve === 'function') continue
    report.add(`evolve.${name}.${type}`, {
      what: types.includes(type) ? 'this is no function' : `'${name}' has no event '${type}'`,
      allowed: types.join(', '),
      remedy: 'Correct it.',
    })
  }
}
