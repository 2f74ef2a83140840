import type { LogEvent } from '@banyan/runtime'

/** The columns of an event, in the order in which `readEvent` takes them. */
export const eventColumns = (alias: string): string =>
  ['lane', 'position', 'id', 'key', 'type', 'version', 'data', 'at', 'context']
    .map((name) => `${alias}.${name}`)
    .join(', ')

export const eventColumnCount = 9

/** An undescribed row as an event. */
export function readEvent(row: readonly unknown[]): LogEvent {
  const [lane, position, id, key, type, version, data, at, context] = row as string[]
  return {
    lane: Number(lane),
    position: Number(position),
    id: id as string,
    key: key as string,
    type: type as string,
    version: Number(version),
    data: data as string,
    at: Number(at),
    context: context as string,
  }
}
