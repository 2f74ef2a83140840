import type { LogEvent, TravelContext } from '@banyan/runtime'
import { headers, type MsgHdrs } from '@nats-io/transport-node'

/**
 * An event of a log as a CloudEvent 1.0 in binary content mode over NATS (the specification's NATS protocol binding): each
 * attribute is a header, percent-encoded as in its HTTP binding, and the message is the data, the same bytes as in the
 * log. Attributes of our own:
 * `lane`, `position`, `incarnation`  where in which log it is (delivery.md, L2 and L4)
 * `typeversion`                      the version of the type's schema
 * `travel`                           all that travels with it (P7), as JSON; ids and trace are also under their usual names
 */
export interface StoredEvent {
  readonly incarnation: string
  readonly event: LogEvent
}

const contentType = 'application/json'
const attributePrefix = 'ce-'
const notPlain = /[^\x21\x23\x24\x26-\x7e]/gu

export function eventHeaders(app: string, module: string, incarnation: string, event: LogEvent): MsgHdrs {
  const travel = JSON.parse(event.context) as Partial<TravelContext>
  const made = headers()
  const set = (name: string, value: string): void => made.append(attributePrefix + name, encoded(value))
  set('specversion', '1.0')
  set('id', event.id)
  set('source', `/${app}/${module}`)
  set('type', `${module}.${event.type}`)
  set('time', new Date(event.at).toISOString())
  set('datacontenttype', contentType)
  // Extensions of the specification: Partitioning, Correlation, Distributed Tracing.
  set('partitionkey', event.key)
  if (travel.correlationId !== undefined) set('correlationid', travel.correlationId)
  if (travel.causationId !== undefined) set('causationid', travel.causationId)
  if (travel.traceparent !== undefined) set('traceparent', travel.traceparent)
  if (travel.tracestate !== undefined) set('tracestate', travel.tracestate)
  set('lane', String(event.lane))
  set('position', String(event.position))
  set('incarnation', incarnation)
  set('typeversion', String(event.version))
  set('travel', event.context)
  return made
}

/** Reads what `eventHeaders` made; undefined of a message that is something else. */
export function readEvent(
  found: Iterable<[string, string[]]> | undefined,
  data: () => string,
): StoredEvent | undefined {
  const attributes = new Map<string, string>()
  for (const [name, [value]] of found ?? [])
    if (value !== undefined && name.startsWith(attributePrefix))
      attributes.set(name.slice(attributePrefix.length), value)
  const text = (name: string): string => decoded(attributes.get(name) ?? '')
  const incarnation = text('incarnation')
  const position = Number(text('position'))
  if (incarnation === '' || !Number.isSafeInteger(position) || position < 1) return undefined
  const type = text('type')
  return {
    incarnation,
    event: {
      id: text('id'),
      lane: Number(text('lane')),
      position,
      key: text('partitionkey'),
      type: type.slice(type.indexOf('.') + 1),
      version: Number(text('typeversion')),
      data: data(),
      at: Date.parse(text('time')),
      context: text('travel'),
    },
  }
}

function encoded(value: string): string {
  return value.replace(notPlain, encodeURIComponent)
}

function decoded(value: string): string {
  return value.includes('%') ? decodeURIComponent(value) : value
}
