import type { LogEvent } from '../../ports/store.js'

const eventOverheadBytes = 200

/** Roughly what an event takes in memory. */
export function eventBytes(event: LogEvent): number {
  return eventOverheadBytes + event.data.length + event.context.length + event.key.length
}
