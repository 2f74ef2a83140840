import type { LogEvent } from '@banyan/runtime'

/** An event without its data, and how many bytes of the body its data takes. */
interface EventHead extends Omit<LogEvent, 'data'> {
  readonly bytes: number
}

/**
 * Events for a message: their data as bytes beside the head, since JSON inside JSON would double its quotes. Cut where it
 * grows beyond the bytes, fairly over lanes and without a gap in any; one event always passes.
 */
export function writeEvents(
  events: readonly LogEvent[],
  maxBytes: number,
): { readonly head: readonly EventHead[]; readonly body: Uint8Array } {
  const head: EventHead[] = []
  const parts: Buffer[] = []
  let sum = 0
  for (const { data, ...event } of inTurns(events)) {
    const part = Buffer.from(data)
    sum += part.length + JSON.stringify(event).length + 16
    if (sum > maxBytes && head.length > 0) break
    head.push({ ...event, bytes: part.length })
    parts.push(part)
  }
  return { head, body: Buffer.concat(parts) }
}

/** Undefined for what is garbled. */
export function readEvents(head: unknown, body: Uint8Array): readonly LogEvent[] | undefined {
  if (!Array.isArray(head)) return undefined
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const events: LogEvent[] = []
  let at = 0
  for (const value of head) {
    if (!isHead(value) || value.bytes > body.length - at) return undefined
    const { bytes, ...event } = value
    events.push({ ...event, data: text.toString('utf8', at, at + bytes) })
    at += bytes
  }
  return at === body.length ? events : undefined
}

function isHead(value: unknown): value is EventHead {
  if (typeof value !== 'object' || value === null) return false
  const { id, key, type, context, lane, version, at, position, bytes } = value as Partial<EventHead>
  return (
    [id, key, type, context].every((text) => typeof text === 'string') &&
    [lane, version, at, position, bytes].every((number) => typeof number === 'number' && number >= 0)
  )
}

/** One event of each lane in turn. */
function inTurns(events: readonly LogEvent[]): LogEvent[] {
  const lanes = new Map<number, LogEvent[]>()
  for (const event of events) {
    const lane = lanes.get(event.lane)
    if (lane) lane.push(event)
    else lanes.set(event.lane, [event])
  }
  const turns: LogEvent[] = []
  for (let index = 0; turns.length < events.length; index++)
    for (const lane of lanes.values()) {
      const event = lane[index]
      if (event) turns.push(event)
    }
  return turns
}
