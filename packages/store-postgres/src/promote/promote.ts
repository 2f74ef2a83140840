import { createHash } from 'node:crypto'
import type { Ambient } from '@banyan/ambient'
import { banyanError, isBanyanError, problemsError } from '@banyan/errors'
import type { StoreModule } from '@banyan/runtime'
import type { Client } from 'pg'
import { type ConnectionOptions, readSettings } from '../connection/settings.js'
import { isRefusal } from '../migrate/failure.js'
import { readMigrations } from '../migrate/read.js'
import { planNames } from '../schema/plan.js'
import { checkResult, checkSequences, copySequences, moveProgress, refreshDerived } from './finish.js'
import { dropForeignKeys, restoreForeignKeys } from './foreign-keys.js'
import { inventoryDifferences, labelOf, takeInventory } from './inventory.js'
import { alignPartitions } from './partitions.js'
import {
  beginTargetRecord,
  ensurePromotionTables,
  finishTargetRecord,
  readSourceRecord,
  readTargetRecord,
  type SourceRecord,
  writeSourceRecord,
} from './record.js'
import { closeClient, openPortable, type PortableSession, type Side, sideOf, withClient } from './session.js'
import { checkSource, type HeldSource, holdSource, type PromotedModule } from './source.js'
import { moveTable } from './table.js'
import { checkEmpty, checkPrivileges, checkTarget, prepareTarget } from './target.js'

/**
 * Moves an app's data from one database to another that is empty. Every step can be done again, so a run that was
 * killed anywhere is gone on with by the next one; the order of the last steps is in record.ts (I1).
 */
export interface PromoteOptions {
  /** The database to leave, as a role that may set the modules' roles. Nothing else may use it meanwhile. */
  readonly source: ConnectionOptions
  /** The empty database to move to, as a role with CREATEROLE that may create schemas. PostgreSQL 15 or later. */
  readonly target: ConnectionOptions
  readonly app: string
  readonly modules: readonly StoreModule[]
  /** What the modules' passwords on the target are derived from, as for the store. Default: the target admin's password. */
  readonly secret?: string
  readonly onProgress?: (progress: PromoteProgress) => void
  readonly ambient: Ambient
}

/** How far a promotion is. */
export interface PromoteProgress {
  readonly phase: 'check' | 'prepare' | 'copy' | 'finish'
  /** While copying. */
  readonly table?: string
  readonly tablesDone: number
  readonly tablesTotal: number
  /** Bytes of text copied so far, all tables together. */
  readonly bytes: number
}

/** What was done. */
export interface PromoteResult {
  /** True when an earlier run had done it all, and only the source had to be told. */
  readonly alreadyDone: boolean
  /** True when an earlier run was gone on with. */
  readonly resumed: boolean
  readonly tables: readonly PromotedTable[]
}

export interface PromotedTable {
  readonly table: string
  readonly rows: number
  /** False when an earlier run had copied it, and it was only verified. */
  readonly copied: boolean
}

interface Run {
  readonly options: PromoteOptions
  readonly source: Side
  readonly target: Side
  readonly modules: readonly PromotedModule[]
  readonly report: (progress: Partial<PromoteProgress>) => void
}

/**
 * Copies all modules of the app, verifies every table by row count and checksum, and marks the source as promoted.
 * May be run again after any end, and goes on where it was.
 * @throws `promote-target-not-empty`, `promote-source-in-use`, `promote-mismatch`, `promote-refused`, `promoted-away`,
 * `store-unreachable`, `store-version-mismatch`, `store-privileges`, `unavailable` when a connection is lost, and what
 * stands against applying the migrations
 */
export async function promote(options: PromoteOptions): Promise<PromoteResult> {
  const run = startRun(options)
  try {
    return await withLockedTarget(run, (admin) => promoteLocked(run, admin))
  } catch (error) {
    if (isBanyanError(error)) throw error
    if (!isRefusal(error)) throw banyanError('unavailable', { what: 'The source or the target' }, { cause: error })
    throw banyanError('promote-refused', { summary: `${error.message} (${error.code})` }, { cause: error })
  }
}

function startRun(options: PromoteOptions): Run {
  let progress: PromoteProgress = { phase: 'check', tablesDone: 0, tablesTotal: 0, bytes: 0 }
  const { planned, problems } = planNames(options.app, options.modules)
  if (problems.length > 0) throw problemsError('invalid-app', { name: options.app }, problems)
  const modules = planned.map((plan) => {
    const { name, migrations } = plan.module
    return { ...plan, name, migrations: migrations === undefined ? [] : readMigrations(migrations) }
  })
  const report = (change: Partial<PromoteProgress>): void => {
    const { table, ...overall } = progress
    const same = change.phase === undefined && table !== undefined
    progress = { ...overall, ...(same ? { table } : {}), ...change }
    options.onProgress?.(progress)
  }
  return { options, source: sideOf(options.source), target: sideOf(options.target), modules, report }
}

/** One promotion of an app at a time. The session of a killed one may live on for a moment, so this waits a little. */
async function withLockedTarget<Result>(run: Run, work: (admin: Client) => Promise<Result>): Promise<Result> {
  const key = createHash('sha256').update(`banyan promote ${run.options.app}`).digest().readBigInt64BE(0).toString()
  return withClient(run.target, async (admin) => {
    for (let attempt = 0; ; attempt++) {
      const { rows } = await admin.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [key])
      if (rows[0]?.locked) return work(admin)
      if (attempt >= 50)
        throw banyanError('promote-refused', { summary: 'another promotion to the target is under way' })
      await admin.query('select pg_sleep(0.2)')
    }
  })
}

async function promoteLocked(run: Run, admin: Client): Promise<PromoteResult> {
  const { app, ambient } = run.options
  run.report({ phase: 'check' })
  await checkTarget(admin)
  const past = await withClient(run.source, (client) => readSourceRecord(client, app))
  const there = await readTargetRecord(admin, app)
  const ours = past !== undefined && there?.promotion === past.promotion
  if (past && ours && there.finished) {
    await markSource(run, { ...past, state: 'promoted' })
    return { alreadyDone: true, resumed: true, tables: [] }
  }
  if (past && !ours && past.state !== 'copying') {
    throw banyanError('promoted-away', { app, target: past.target, at: new Date(past.at).toISOString() })
  }
  if (!ours) await checkEmpty(admin, run.modules)
  await checkPrivileges(admin, run.modules)
  const migrations = await checkSource(run.source, run.modules)
  const held = await holdSource(run.source, run.modules)
  try {
    // A source that turns to another target is another promotion: the first target must not be gone on with.
    const promotion = ours ? past.promotion : ambient.newId()
    const record: SourceRecord = { promotion, target: run.target.description, state: 'copying', at: ambient.now() }
    if (past?.state !== 'finishing') await markSource(run, record)
    await ambient.reached('promote:source-marked')
    await ensurePromotionTables(admin)
    if (!ours) await beginTargetRecord(admin, app, promotion, ambient.now())
    run.report({ phase: 'prepare' })
    const secret = run.options.secret ?? readSettings(run.options.target).admin.password
    await prepareTarget(run.target, { app, modules: run.modules, migrations, secret, now: () => ambient.now() })
    await ambient.reached('promote:target-prepared')
    const tables = await moveAll(run, held)
    await finish(run, admin, held, record)
    return { alreadyDone: false, resumed: ours, tables }
  } finally {
    await held.close()
  }
}

async function markSource(run: Run, record: SourceRecord): Promise<void> {
  await withClient(run.source, async (client) => {
    await ensurePromotionTables(client)
    await writeSourceRecord(client, run.options.app, record)
  })
}

async function moveAll(run: Run, held: HeldSource): Promise<readonly PromotedTable[]> {
  const target = await openPortable(run.target)
  try {
    return await moveAllTo(run, held, target)
  } finally {
    await closeClient(target.client)
  }
}

async function moveAllTo(run: Run, held: HeldSource, target: PortableSession): Promise<readonly PromotedTable[]> {
  const { app, ambient } = run.options
  const { reader: source, inventory } = held
  const schemas = run.modules.map(({ schema }) => schema)
  await dropForeignKeys(target, app, schemas)
  await alignPartitions(target, inventory, await takeInventory(target.client, schemas))
  await ambient.reached('promote:target-shaped')
  const differences = inventoryDifferences(inventory, await takeInventory(target.client, schemas))
  if (differences.length > 0) throw banyanError('promote-refused', { summary: differences.join('; ') })
  const tables: PromotedTable[] = []
  let bytes = 0
  for (const table of inventory.tables) {
    const label = labelOf(table)
    run.report({ phase: 'copy', table: label, tablesDone: tables.length, tablesTotal: inventory.tables.length })
    const moved = await moveTable({ app, source, target }, table, (more) => {
      bytes += more
      run.report({ bytes })
    })
    tables.push({ table: label, rows: Number(moved.rows), copied: moved.copied })
    await ambient.reached('promote:table-copied', { table: label })
  }
  run.report({ phase: 'finish', tablesDone: tables.length })
  await copySequences(source, target, inventory)
  await restoreForeignKeys(target, app)
  await ambient.reached('promote:keys-restored')
  await refreshDerived(target, inventory)
  await moveProgress(source, target, run.modules)
  await checkSequences(source, target, inventory)
  return tables
}

async function finish(run: Run, admin: Client, held: HeldSource, record: SourceRecord): Promise<void> {
  const { app, ambient } = run.options
  await checkResult(run.target, run.modules)
  await held.checkUnused()
  await markSource(run, { ...record, state: 'finishing' })
  await ambient.reached('promote:source-finishing')
  await finishTargetRecord(admin, app, ambient.now())
  await ambient.reached('promote:target-finished')
  await markSource(run, { ...record, state: 'promoted' })
}
