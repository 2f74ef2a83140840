import { banyanError } from '@banyan/errors'
import { type AggregateEventDefinition, type AnyAggregate, type Evolve, frozenState } from '@banyan/module'
import { describeIssues } from '../dispatch/describe-issues.js'
import type { StreamEvent } from '../ports/stream-store.js'

/** Name of a stream for people. */
export function streamName({ aggregate, key }: { readonly aggregate: string; readonly key: string }): string {
  return `${aggregate} ${key}`
}

/**
 * Data of a stored event as this code knows it: raised version by version, then validated.
 * @throws `stream-unreadable`
 */
export function readData(aggregate: AnyAggregate, event: StreamEvent): unknown {
  const definition = aggregate.events[event.type]
  if (!definition) throw unreadable(event, `there is no event '${event.type}' in the aggregate`)
  if (event.schema > definition.version)
    throw unreadable(event, `its data is of version ${event.schema}, and this code knows ${definition.version}`)
  const decoded = definition.codec.decode(raised(definition, event))
  if (!decoded.ok) throw unreadable(event, describeIssues(decoded.issues))
  return decoded.value
}

function raised(definition: AggregateEventDefinition, event: StreamEvent): unknown {
  let data: unknown = JSON.parse(event.data)
  for (let version = event.schema; version < definition.version; version++) {
    const upcast = definition.upcast[version]
    if (!upcast) throw unreadable(event, `nothing makes version ${version + 1} of version ${version}`)
    try {
      data = upcast(data)
    } catch (error) {
      throw unreadable(event, `the upcast of version ${version} threw: ${(error as Error)?.message ?? error}`, error)
    }
  }
  return data
}

function unreadable(event: StreamEvent, reason: string, cause?: unknown): Error {
  const values = { stream: streamName(event), version: event.version, reason }
  return banyanError('stream-unreadable', values, cause === undefined ? {} : { cause })
}

/** The state after an event; not frozen yet. */
export function evolved(evolve: Evolve, state: unknown, data: unknown, event: StreamEvent): unknown {
  const { version, at, key } = event
  return evolve(state, data, { version, time: new Date(at), id: key } as Parameters<Evolve>[2])
}

/**
 * A state as handlers get it.
 * @throws `invalid-state`
 */
export function keptState(state: unknown, stream: string): unknown {
  const frozen = frozenState(state)
  if (frozen.ok) return frozen.value
  throw banyanError(
    'invalid-state',
    { stream, summary: describeIssues(frozen.issues) },
    { details: { issues: frozen.issues } },
  )
}
