import { banyanError } from '@banyan/errors'
import type {
  Ending,
  Job,
  LaneProgress,
  Lease,
  LogEvent,
  LogHeads,
  ModuleStore,
  NewEvent,
  NewJob,
  ParkedEvent,
  Store,
  SubscriptionKey,
  Unit,
} from '../../src/ports/store.js'

const lanes = Array.from({ length: 64 }, (_, lane) => lane)

interface Progress {
  position: number
  epoch: number
  incarnation: string
}

/** What units of a module do instead of SQL: they note what they handled, kept only when they commit. */
export interface FakeUnit extends Unit {
  note(text: string): void
}

/**
 * One module's part of a store in memory, for tests of the loops only: commits at once, without concurrency of its own.
 * A script may make commits fail, before or after they took effect.
 */
export class FakeModule {
  readonly log: LogEvent[][] = lanes.map(() => [])
  incarnation = 'first'
  readonly effects: string[] = []
  readonly progress = new Map<string, Progress[]>()
  readonly parked: (ParkedEvent & { held?: boolean })[] = []
  readonly dead: { event: ParkedEvent; error: string; holds: boolean }[] = []
  readonly jobs = new Map<string, Job>()
  readonly deadJobs: { job: Job; error: string }[] = []
  readonly leases = new Map<string, { epoch: number; owner: string | undefined }>()
  readonly registrations = new Map<string, readonly number[]>()
  readonly commits: Ending[] = []
  readonly statements: string[] = []
  /** Called before (`at` 'before') and after a commit took effect; what it throws is what the unit's user sees. */
  onCommit: (ending: Ending, at: 'before' | 'after') => void | Promise<void> = () => undefined

  append(events: readonly NewEvent[]): LogEvent[] {
    return events.map((event) => {
      const lane = this.log[event.lane] as LogEvent[]
      const stored = { ...event, position: lane.length + 1 }
      lane.push(stored)
      return stored
    })
  }

  heads(): LogHeads {
    return { incarnation: this.incarnation, positions: this.log.map((lane) => lane.length) }
  }

  rows(key: SubscriptionKey): Progress[] {
    return this.progress.get(`${key.subscription}:${key.source}`) ?? []
  }

  keep(ending: Ending, notes: readonly string[]): { positions: number[] } {
    const { step } = ending
    if (step) {
      const rows = this.rows(step.key)
      for (const { lane, from, epoch } of step.lanes)
        if (rows[lane]?.position !== from || rows[lane]?.epoch !== epoch)
          throw banyanError('fenced', { what: 'the subscription' })
      const { handled } = step
      if (handled) {
        const at = this.parked.findIndex((one) => one.lane === handled.lane && one.position === handled.position)
        if (at < 0 || rows[handled.lane]?.epoch !== handled.epoch) throw banyanError('fenced', { what: 'the event' })
        this.parked.splice(at, 1)
      }
      for (const { lane, to } of step.lanes) (rows[lane] as Progress).position = to
      for (const { event, ...rest } of step.park ?? []) this.parked.push({ ...event, ...step.key, ...rest })
    }
    this.effects.push(...notes)
    for (const job of ending.jobs ?? []) this.jobs.set(job.id, { ...job, attempts: 0 })
    this.commits.push(ending)
    return { positions: this.append(ending.events ?? []).map((event) => event.position) }
  }

  unit(signal?: AbortSignal): FakeUnit {
    const notes: string[] = []
    let over = false
    return {
      begun: true,
      recorded: undefined,
      note: (text) => {
        if (over || signal?.aborted) throw new Error('the unit has ended')
        notes.push(text)
      },
      query: async () => ({ rows: [], rowCount: 0, command: '', fields: [] }),
      commit: async (ending) => {
        over = true
        await this.onCommit(ending, 'before')
        const committed = this.keep(ending, notes)
        await this.onCommit(ending, 'after')
        return committed
      },
      reject: async () => undefined,
      rollback: async () => {
        over = true
      },
    }
  }

  firstOfKeys(key: SubscriptionKey, of: readonly number[]): ParkedEvent[] {
    const first = new Map<string, ParkedEvent>()
    const rows = this.parked.filter((one) => one.source === key.source && of.includes(one.lane))
    for (const row of [...rows].sort((a, b) => a.position - b.position))
      if (!first.has(row.key)) first.set(row.key, row)
    const holding = this.dead.filter((letter) => letter.holds).map((letter) => letter.event.key)
    return [...first.values()].filter((row) => !holding.includes(row.key))
  }
}

/** The store of one process; several of them may share modules, as processes share a database. */
export function fakeStore(modules: Readonly<Record<string, FakeModule>>, owner = 'this process'): Store {
  return {
    open: async () => undefined,
    module: (name) => {
      const module = modules[name]
      if (!module) throw banyanError('unknown-module', { module: name })
      return moduleStore(module, owner)
    },
    check: async () => undefined,
    describe: () => ({ kind: 'embedded', target: 'memory', version: '0' }),
    close: async () => undefined,
  }
}

function moduleStore(module: FakeModule, owner: string): ModuleStore {
  return {
    unit: (options) => module.unit(options?.signal),
    reader: { query: async () => ({ rows: [], rowCount: 0, command: '', fields: [] }) },
    inbox: { find: async () => undefined, prune: async () => 0 },
    log: logStore(module),
    leases: leaseStore(module, owner),
    subscriptions: subscriptionStore(module),
    jobs: jobStore(module),
    deadLetters: { count: async () => module.dead.length } as ModuleStore['deadLetters'],
    streams: { load: async () => ({ events: [] }), match: async () => ({ events: [], conditions: [] }) },
    isTransient: (error) => (error as { transient?: boolean })?.transient === true,
  }
}

function logStore(module: FakeModule): ModuleStore['log'] {
  return {
    heads: async () => module.heads(),
    positionsBefore: async (at) => module.log.map((lane) => lane.filter((event) => event.at < at).length),
    read: async (after, limit) => {
      module.statements.push('read')
      return after.flatMap(({ lane, after: position }) => (module.log[lane] ?? []).slice(position)).slice(0, limit)
    },
    list: async () => [],
    register: async (subscriber, subscription, positions) => {
      module.registrations.set(`${subscriber}:${subscription}`, positions)
    },
    registrations: async () => [],
    forget: async () => undefined,
    prune: async () => 0,
  }
}

function leaseStore(module: FakeModule, owner: string): ModuleStore['leases'] {
  const held = (name?: string): Lease[] =>
    [...module.leases]
      .filter(([id, lease]) => lease.owner === owner && (name === undefined || id.startsWith(`${name}#`)))
      .map(([id, { epoch }]) => {
        const at = id.lastIndexOf('#')
        return { name: id.slice(0, at), block: Number(id.slice(at + 1)), epoch }
      })
  return {
    acquire: async (name, blocks) => {
      for (const block of blocks) {
        const lease = module.leases.get(`${name}#${block}`) ?? { epoch: 0, owner: undefined }
        if (lease.owner === undefined) module.leases.set(`${name}#${block}`, { epoch: lease.epoch + 1, owner })
      }
      return held(name)
    },
    renew: async () => held(),
    release: async (name, blocks) => {
      for (const [id, lease] of module.leases) {
        const of = blocks === undefined || blocks.some((block) => id === `${name}#${block}`)
        if (of && id.startsWith(`${name}#`) && lease.owner === owner) lease.owner = undefined
      }
    },
    holders: async (names) => {
      module.statements.push(`holders by ${owner}`)
      return [...module.leases].flatMap(([id, lease]) => {
        const at = id.lastIndexOf('#')
        const name = id.slice(0, at)
        if (lease.owner === undefined || !names.includes(name)) return []
        return [{ name, block: Number(id.slice(at + 1)), mine: lease.owner === owner }]
      })
    },
  }
}

function subscriptionStore(module: FakeModule): ModuleStore['subscriptions'] {
  const progressOf = (key: SubscriptionKey, of: readonly number[]): LaneProgress[] =>
    module
      .rows(key)
      .flatMap(({ position, incarnation }, lane) => (of.includes(lane) ? [{ lane, position, incarnation }] : []))
  return {
    ensure: async (key, start) => {
      const id = `${key.subscription}:${key.source}`
      if (module.progress.has(id)) return false
      module.progress.set(
        id,
        start.positions.map((position) => ({ position, epoch: 0, incarnation: start.incarnation })),
      )
      return true
    },
    claim: async (key, lease) => {
      const block = lanes.filter((lane) => lane >> 3 === lease.block)
      for (const lane of block) (module.rows(key)[lane] as Progress).epoch = lease.epoch
      return progressOf(key, block)
    },
    progress: async (key) => progressOf(key, lanes),
    reset: async (key, start) => {
      for (const [lane, row] of module.rows(key).entries())
        Object.assign(row, { position: start.positions[lane], incarnation: start.incarnation, epoch: -1 })
    },
    parkedKeys: async (_key, of) => {
      const counts = new Map<string, { lane: number; key: string; count: number }>()
      const rows = [...module.parked, ...module.dead.filter((letter) => letter.holds).map((letter) => letter.event)]
      for (const { lane, key } of rows) {
        if (!of.includes(lane)) continue
        const known = counts.get(key) ?? { lane, key, count: 0 }
        counts.set(key, { lane, key, count: known.count + 1 })
      }
      return [...counts.values()]
    },
    parkedDue: async (key, of, now, limit) =>
      module
        .firstOfKeys(key, of)
        .filter((row) => row.nextAt <= now)
        .slice(0, limit),
    parkedNext: async (key, of) => {
      const times = module.firstOfKeys(key, of).map((row) => row.nextAt)
      return times.length === 0 ? undefined : Math.min(...times)
    },
    parkedCount: async () => module.parked.length,
    listParked: async () => module.parked,
    parkedFailed: async (event, _epoch, { error, nextAt }) => {
      const at = module.parked.findIndex((one) => one.lane === event.lane && one.position === event.position)
      module.parked[at] = { ...event, attempts: event.attempts + 1, error, nextAt }
    },
    parkedDead: async (event, _epoch, { error, hold }) => {
      const at = module.parked.findIndex((one) => one.lane === event.lane && one.position === event.position)
      module.parked.splice(at, 1)
      module.dead.push({ event: { ...event, attempts: event.attempts + 1 }, error, holds: hold })
    },
  }
}

function jobStore(module: FakeModule): ModuleStore['jobs'] {
  return {
    due: async (now, limit, except) =>
      [...module.jobs.values()]
        .filter((job) => job.runAt <= now && !except.includes(job.id))
        .sort((a, b) => a.runAt - b.runAt)
        .slice(0, limit),
    next: async () => undefined,
    list: async () => [...module.jobs.values()],
    done: async (id) => void module.jobs.delete(id),
    failed: async (id, { error, nextAt }) => {
      const job = module.jobs.get(id) as Job
      module.jobs.set(id, { ...job, attempts: job.attempts + 1, error, runAt: nextAt })
    },
    dead: async (id, { error }) => {
      const job = module.jobs.get(id) as Job
      module.jobs.delete(id)
      module.deadJobs.push({ job, error })
    },
    cancel: async (id) => module.jobs.delete(id),
  }
}

export type { NewJob }
