import type { LogEvent, TravelContext } from '@banyan/runtime'
import { headers, type MsgHdrs } from '@nats-io/transport-node'

/**
 * An event of a log as a CloudEvent 1.0 in structured content mode: JSON format, over the specification's NATS protocol
 * binding. Binary mode costs more than twice as much here: a message then has fourteen headers (docs/decisions/0019).
 * Attributes of our own:
 * `lane`, `position`, `incarnation`  where in which log it is (delivery.md, L2 and L4); the position as text, since integers
 *                                    of CloudEvents have 32 bits
 * `typeversion`                      the version of the type's schema
 * `travel`                           all that travels with it (P7), as JSON text; ids and trace are also under their usual names
 *
 * I1 `data` comes last and is the same text as in the log. Of the rest every value is text or a number, so the first
 *    `,"data":` begins it: within a text its quotes would be escaped.
 */
export interface StoredEvent {
  readonly incarnation: string
  readonly event: LogEvent
}

interface Attributes {
  readonly id: string
  readonly type: string
  readonly time: string
  readonly partitionkey: string
  readonly lane: number
  readonly position: string
  readonly incarnation: string
  readonly typeversion: number
  readonly travel: string
}

const dataMark = ',"data":'

/** What says that a message is a CloudEvent as a whole. */
export function eventHeaders(): MsgHdrs {
  const made = headers()
  made.append('content-type', 'application/cloudevents+json')
  return made
}

export function eventText(app: string, module: string, incarnation: string, event: LogEvent): string {
  const travel = JSON.parse(event.context) as Partial<TravelContext>
  const attributes = JSON.stringify({
    specversion: '1.0',
    id: event.id,
    source: `/${app}/${module}`,
    type: `${module}.${event.type}`,
    time: new Date(event.at).toISOString(),
    datacontenttype: 'application/json',
    // Extensions of the specification: Partitioning, Correlation, Distributed Tracing.
    partitionkey: event.key,
    correlationid: travel.correlationId,
    causationid: travel.causationId,
    traceparent: travel.traceparent,
    tracestate: travel.tracestate,
    lane: event.lane,
    position: String(event.position),
    incarnation,
    typeversion: event.version,
    travel: event.context,
  })
  return `${attributes.slice(0, -1)}${dataMark}${event.data}}`
}

/** Reads what `eventText` made; undefined of a message that is something else. */
export function readEvent(text: string): StoredEvent | undefined {
  // I1
  const end = text.indexOf(dataMark)
  if (end < 0) return undefined
  const attributes = readAttributes(`${text.slice(0, end)}}`)
  if (!attributes) return undefined
  const { id, type, time, partitionkey, lane, position, incarnation, typeversion, travel } = attributes
  return {
    incarnation,
    event: {
      id,
      lane,
      position: Number(position),
      key: partitionkey,
      type: type.slice(type.indexOf('.') + 1),
      version: typeversion,
      data: text.slice(end + dataMark.length, -1),
      at: Date.parse(time),
      context: travel,
    },
  }
}

function readAttributes(text: string): Attributes | undefined {
  try {
    const read = JSON.parse(text) as Partial<Attributes>
    return typeof read.incarnation === 'string' && Number(read.position) > 0 ? (read as Attributes) : undefined
  } catch {
    return undefined // whatever it is, it is no event of ours
  }
}
