import type { ModuleStore, StoreModule, UnitOptions } from '@banyan/runtime'
import { isTransientFailure } from './connection/failure.js'
import { ownStatement } from './connection/own-statement.js'
import { createReader } from './connection/reader.js'
import { SessionPool } from './connection/session-pool.js'
import type { Credentials, Target } from './connection/settings.js'
import { createDeadLetterStore } from './dead-letters/dead-letter-store.js'
import { createInboxStore } from './inbox/inbox-store.js'
import { createJobStore } from './jobs/job-store.js'
import { LeaseSession } from './lease/lease-session.js'
import { createLeaseStore } from './lease/lease-store.js'
import { createLogStore } from './log/log-store.js'
import { modulePools } from './module-pools.js'
import type { PostgresStoreOptions } from './store-options.js'
import { streamStore } from './stream/stream-store.js'
import { createSubscriptionStore } from './subscription/subscription-store.js'
import { PostgresUnit } from './unit/unit.js'

/** Everything of one module: three pools of its own login role, opened when they are first used. */
export interface OpenModule {
  readonly store: ModuleStore
  /** Resolves when a statement was answered. */
  check(): Promise<void>
  /** No new work from now on; resolves when what is under way has ended and the connections are closed. */
  close(): Promise<void>
  /** Cuts what is still under way. */
  destroy(): void
}

export interface ModulePlace {
  readonly module: StoreModule
  readonly schema: string
  readonly target: Target
  readonly credentials: Credentials
  readonly repairLogin?: () => Promise<boolean>
  /** Eight hexadecimal digits that only the sessions of this process carry, so that a takeover finds them. */
  readonly mark: string
}

const ping = ownStatement('select 1')

const querySlackMs = 5_000
/** Whoever renews gives a lease up by then. Longer than a takeover waits for the end of the owner before. */
const leaseAnswerMs = 10_000

/** PostgreSQL cuts the names of sessions after 63 bytes without a word; the mark at the end must stay. */
const maxApplicationName = 63

export function openModule(place: ModulePlace, options: PostgresStoreOptions): OpenModule {
  const { module, schema, target, credentials, repairLogin } = place
  const { units: defaultUnits = 6, readers = 4, waiting = 256, waitMs = 5_000, idleMs = 10_000 } = options.limits ?? {}
  const what = `The database of ${module.name}`
  const { queryMs = 30_000, silentMs = 5_000, answerMs = 35_000 } = options.limits ?? {}
  const pool = (use: string, connections: number, waitsMs: number, settings?: string): SessionPool =>
    new SessionPool({
      target,
      credentials,
      what,
      connections,
      waiting,
      waitMs,
      idleMs,
      silentMs,
      answerMs: waitsMs,
      applicationName: sessionName(`banyan ${options.app} ${module.name} ${use}`, place.mark),
      module: module.name,
      onFlush: options.onFlush,
      ...(repairLogin === undefined ? {} : { repairLogin }),
      ...(settings === undefined ? {} : { settings }),
    })
  const units = pool('units', module.connections ?? defaultUnits, answerMs)
  // The server itself ends a statement of a query first.
  const reader = pool('queries', readers, queryMs + querySlackMs, readerSettings(queryMs))
  const leases = pool('leases', 1, Math.min(answerMs, leaseAnswerMs))
  const leaseSession = new LeaseSession(leases, () => options.onLost?.(module.name))
  const pools = modulePools(module.name, schema, units, reader)
  const unitPlace = { pool: units, reader, schema, module: module.name }
  return {
    store: {
      unit: (unitOptions: UnitOptions = {}) => new PostgresUnit(unitPlace, unitOptions),
      reader: createReader(reader, module.name),
      inbox: createInboxStore(pools),
      log: createLogStore(pools),
      leases: createLeaseStore(leaseSession, what),
      subscriptions: createSubscriptionStore(pools),
      jobs: createJobStore(pools),
      deadLetters: createDeadLetterStore(pools, options.ambient),
      streams: streamStore,
      isTransient: isTransientFailure,
    },
    async check() {
      await pools.rows({ ...ping, quiet: true })
    },
    async close() {
      // All refuse from here on, before anything is waited for.
      const closed = [units.close(), reader.close(), leases.close()]
      await leaseSession.close()
      await Promise.all(closed)
    },
    destroy() {
      for (const one of [units, reader, leases]) one.destroy()
    },
  }
}

function sessionName(name: string, mark: string): string {
  return `${name.slice(0, maxApplicationName - mark.length - 1)} ${mark}`
}

function readerSettings(queryMs: number): string {
  return `set default_transaction_read_only = on; set statement_timeout = ${Math.round(queryMs)}`
}
