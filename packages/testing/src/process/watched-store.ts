import type { Committed, Ending, LogEvent, ModuleStore, Store, Unit } from '@banyan/runtime'

type CommitListener = (module: string, events: readonly LogEvent[]) => void

/** A store that tells of the events of each commit. Everything else passes through. */
export function watchStore(store: Store, committed: CommitListener): Store {
  const watched = new Map<string, ModuleStore>()
  return {
    open: (modules) => store.open(modules),
    check: () => store.check(),
    describe: () => store.describe(),
    close: (deadlineMs) => store.close(deadlineMs),
    module(name) {
      const known = watched.get(name)
      if (known) return known
      const inner = store.module(name)
      const tell = (events: readonly LogEvent[]): void => committed(name, events)
      const outer = { ...inner, unit: (options = {}) => new WatchedUnit(inner.unit(options), tell) }
      watched.set(name, outer)
      return outer
    },
  }
}

class WatchedUnit implements Unit {
  readonly #unit: Unit
  readonly #committed: (events: readonly LogEvent[]) => void

  constructor(unit: Unit, committed: (events: readonly LogEvent[]) => void) {
    this.#unit = unit
    this.#committed = committed
  }

  get begun(): boolean {
    return this.#unit.begun
  }

  get recorded(): Unit['recorded'] {
    return this.#unit.recorded
  }

  query(statement: Parameters<Unit['query']>[0]): ReturnType<Unit['query']> {
    return this.#unit.query(statement)
  }

  async commit(ending: Ending): Promise<Committed> {
    const committed = await this.#unit.commit(ending)
    const events = this.#unit.recorded ? [] : (ending.events ?? [])
    if (events.length > 0)
      this.#committed(events.map((event, index) => ({ ...event, position: committed.positions[index] as number })))
    return committed
  }

  reject(outcome: string, at: number): Promise<void> {
    return this.#unit.reject(outcome, at)
  }

  rollback(): Promise<void> {
    return this.#unit.rollback()
  }
}
