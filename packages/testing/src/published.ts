import type { AnyContract, ContractShape, Delivered, EventsOf } from '@banyan/contract'
import type { Identity, LogEvent } from '@banyan/runtime'
import type { ReadLog } from './services/shared.js'

/** An event that a module published, as a subscriber would get it. */
export interface PublishedEvent<Data> {
  readonly data: Data
  readonly id: string
  readonly key: string
  readonly lane: number
  /** Dense within the lane, from 1. */
  readonly position: number
  /** Version of the data's schema. */
  readonly version: number
  readonly time: Date
  readonly correlationId: string
  readonly causationId?: string
  readonly identity?: Identity
}

/** The published events of a contract by their names, in the order of their commits. */
export type PublishedEvents<C extends ContractShape> =
  EventsOf<C> extends infer Events
    ? { readonly [Key in keyof Events]: readonly PublishedEvent<Delivered<Events[Key]>>[] }
    : never

/** What the modules of an app published since the test began: told by each commit, read again after a crash. */
export class Published {
  readonly #logs = new Map<string, LogEvent[]>()

  committed(module: string, events: readonly LogEvent[]): void {
    const log = this.#logs.get(module)
    if (log) log.push(...events)
    else this.#logs.set(module, [...events])
  }

  /** After a crash: what was committed without anybody being told is in the log. */
  async reload(modules: readonly string[], read: ReadLog): Promise<void> {
    for (const module of modules) {
      const known = this.#logs.get(module) ?? []
      const ids = new Set(known.map((event) => event.id))
      const all = await read(module)
      this.#logs.set(module, [...known, ...all.filter((event) => !ids.has(event.id))])
    }
  }

  of(contract: AnyContract): Record<string, PublishedEvent<unknown>[]> {
    const log = this.#logs.get(contract.name) ?? []
    return Object.fromEntries(
      Object.values(contract.events).map(({ name, codec }) => [
        name,
        log
          .filter((event) => event.type === name)
          .map((event) => {
            const decoded = codec.decode(JSON.parse(event.data))
            if (!decoded.ok) throw new Error(`The event ${event.id} does not match ${contract.name}.${name}`)
            return published(event, decoded.value)
          }),
      ]),
    )
  }
}

function published(event: LogEvent, data: unknown): PublishedEvent<unknown> {
  const { id, key, lane, position, version, at, context } = event
  const { correlationId, causationId, identity } = JSON.parse(context)
  return {
    data,
    id,
    key,
    lane,
    position,
    version,
    time: new Date(at),
    correlationId,
    ...(causationId === undefined ? {} : { causationId }),
    ...(identity === undefined ? {} : { identity }),
  }
}
