import { banyanError } from '@banyan/errors'
import {
  type LogEvent,
  laneCount,
  type ModuleStore,
  type RecordedOutcome,
  type Store,
  type Unit,
} from '@banyan/runtime'

/** What calls need of a store, in memory and shared by the replicas of a test: outcomes that are recorded, and a log to read. */
export class MemoryStore implements Store {
  readonly recorded = new Map<string, RecordedOutcome>()
  readonly events: LogEvent[] = []
  readonly registered: unknown[][] = []
  heads = { incarnation: 'one', positions: new Array<number>(laneCount).fill(0) }

  open(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  check(): Promise<void> {
    return Promise.resolve()
  }

  describe(): { kind: 'server'; target: string; version: string } {
    return { kind: 'server', target: 'memory', version: '0' }
  }

  module(): ModuleStore {
    const { recorded, events, registered } = this
    const nothing = (): never => {
      throw banyanError('unavailable', { what: 'this part of the store' })
    }
    const log: Partial<ModuleStore['log']> = {
      heads: () => Promise.resolve(this.heads),
      positionsBefore: (at) => Promise.resolve([at]),
      read: (after, limit) =>
        Promise.resolve(
          events
            .filter((event) => event.position > (after.find(({ lane }) => lane === event.lane)?.after ?? Infinity))
            .slice(0, limit),
        ),
      register: async (...row) => void registered.push(row),
    }
    const parts: Partial<ModuleStore> = {
      unit: ({ command } = {}) => unit(recorded, command),
      reader: { query: nothing },
      inbox: { find: (id) => Promise.resolve(recorded.get(id)), prune: () => Promise.resolve(0) },
      log: log as ModuleStore['log'],
      isTransient: () => false,
    }
    return parts as ModuleStore
  }
}

function unit(recorded: Map<string, RecordedOutcome>, command: { id: string; inputHash: string } | undefined): Unit {
  let found: RecordedOutcome | undefined
  const record = (outcome: string, at: number): void => {
    if (!command) return
    found = recorded.get(command.id)
    if (!found) recorded.set(command.id, { inputHash: command.inputHash, outcome, at })
  }
  return {
    begun: false,
    get recorded() {
      return found
    },
    query: () => Promise.reject(banyanError('unavailable', { what: 'sql' })),
    commit: ({ outcome }) => {
      if (outcome) record(outcome.outcome, outcome.at)
      return Promise.resolve({ positions: [] })
    },
    reject: (outcome, at) => Promise.resolve(record(outcome, at)),
    rollback: () => Promise.resolve(),
  }
}
