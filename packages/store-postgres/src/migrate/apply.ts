import { banyanError, problemsError } from '@banyan/errors'
import type { ClientBase } from 'pg'
import { describeSchema } from './describe.js'
import { descriptionHash, differenceProblems, moveOn, type SchemaDifference } from './difference.js'
import { isRefusal, migrationFailure } from './failure.js'
import { pendingMigrations } from './history.js'
import { withMigrationLock } from './lock.js'
import type { Migration } from './read.js'
import {
  driftOf,
  ensureRecordTables,
  lookAtSchema,
  recordApplied,
  recordChanging,
  recordSchema,
  type SchemaLook,
} from './record.js'
import type { SqlStatement } from './statements.js'

/**
 * Applies what is pending. Owns the tables `banyan_migrations` and `banyan_schema` of the module's schema.
 *
 * I1 A migration and its row in `banyan_migrations` commit together; only a file that asks for no transaction can have
 *    run without being remembered, and is then run again.
 * I2 The recorded description is that of the schema after the last row, unless `changing` is set.
 * I3 A refusal is told only under the lock: without it, another process that migrates could look like drift.
 */
export interface ApplyOptions {
  /**
   * Logged in as the module's role, or having set it, with the schema first in its search path. Its session settings
   * are reset between migrations, so it should be used for nothing else.
   */
  readonly client: ClientBase
  readonly schema: string
  /** For messages. */
  readonly module: string
  readonly migrations: readonly Migration[]
  /** Milliseconds since 1970 (P10). */
  readonly now: () => number
  /**
   * What to do when the schema is not what its migrations made: `refuse` (default) throws `schema-drift`; `warn` only
   * returns the differences, also next time; `accept` takes what is there as right from now on.
   */
  readonly drift?: 'refuse' | 'warn' | 'accept'
  /** How long to wait for another process that migrates the same schema. Default 60,000 ms. */
  readonly lockWaitMs?: number
  /**
   * How long a statement of a migration may wait for a lock on a table: while it waits, everybody who comes after it
   * waits too. A migration may set its own by `set local lock_timeout`. Default 10,000 ms.
   */
  readonly tableLockWaitMs?: number
}

/** What was done. */
export interface ApplyResult {
  readonly applied: readonly Migration[]
  /** Differences between the schema and its migrations that were there before, with `warn` and `accept`. */
  readonly drift: readonly SchemaDifference[]
}

/**
 * Applies the migrations that are pending, each in a transaction of its own. When nothing is pending and the schema is
 * as recorded, this is one round trip.
 * @throws `migration-edited`, `migration-missing`, `migration-order`, `schema-drift`, `migration-locked`,
 * `migration-failed`, `unavailable` when the connection is lost
 */
export async function applyMigrations(options: ApplyOptions): Promise<ApplyResult> {
  const { client, schema, module } = options
  const look = await lookQuickly(options)
  if (look && isDone(look, options)) return { applied: [], drift: [] }
  return withMigrationLock(client, { schema, module, waitMs: options.lockWaitMs ?? 60_000 }, () => applyLocked(options))
}

async function lookQuickly({ client, schema }: ApplyOptions): Promise<SchemaLook | undefined> {
  try {
    return await lookAtSchema(client, schema)
  } catch (error) {
    // No tables yet, or objects that another process just dropped: the look under the lock decides.
    if (isRefusal(error)) return undefined
    throw banyanError('unavailable', { what: `The database of ${schema}` }, { cause: error })
  }
}

/** Whether a look finds nothing to do: all is applied, and the schema is as recorded. */
export function isDone(look: SchemaLook, { migrations }: Pick<ApplyOptions, 'migrations'>): boolean {
  const { applied, recorded, description } = look
  if (!recorded?.comparable || recorded.changing || applied.length !== migrations.length) return false
  const same = migrations.every((migration, index) => {
    const past = applied[index]
    return past?.number === migration.number && past.checksum === migration.checksum
  })
  return same && recorded.hash === descriptionHash(description)
}

async function applyLocked(options: ApplyOptions): Promise<ApplyResult> {
  const { client, schema, module, migrations } = options
  await ensureRecordTables(client, schema)
  const look = await lookAtSchema(client, schema)
  const pending = pendingMigrations(module, migrations, look.applied)
  const drift = driftOf(look)
  if (drift.length > 0 && (options.drift ?? 'refuse') === 'refuse') {
    throw problemsError('schema-drift', { module }, differenceProblems(module, drift))
  }
  const path = await searchPath(client)
  if (pending.length > 0 && !look.recorded) await recordSchema(client, schema, look.description)
  try {
    for (const migration of pending) await applyOne(options, migration, path)
  } finally {
    await recordOutcome(options, look, drift)
  }
  return { applied: pending, drift }
}

// Also after a failure: the migrations before it are there to stay (I2).
async function recordOutcome(
  options: ApplyOptions,
  look: SchemaLook,
  drift: readonly SchemaDifference[],
): Promise<void> {
  const { client, schema } = options
  const after = await describeSchema(client, schema).catch(() => undefined)
  // The connection is gone, and the error of the migration tells why; `changing` stays set.
  if (!after) return
  const keeps = drift.length > 0 && options.drift === 'warn' && look.recorded
  await recordSchema(client, schema, keeps ? moveOn(keeps.description, look.description, after) : after)
}

async function searchPath(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ search_path: string }>('show search_path')
  return rows[0]?.search_path ?? ''
}

async function applyOne(options: ApplyOptions, migration: Migration, path: string): Promise<void> {
  const { client, schema, now } = options
  const startedAt = now()
  const finish = async (): Promise<void> => {
    const { number, name, checksum } = migration
    const appliedAt = now()
    await recordChanging(client, schema)
    await recordApplied(client, schema, { number, name, checksum, appliedAt, durationMs: appliedAt - startedAt })
  }
  await client.query(`set lock_timeout = ${Math.round(options.tableLockWaitMs ?? 10_000)}`)
  try {
    if (migration.transaction) {
      await client.query('begin')
      await runStatements(options, migration)
      // Deferred constraints fail here, where the migration can still be named.
      await run(options, migration, { text: 'set constraints all immediate', offset: migration.sql.length, words: [] })
      await finish()
      await run(options, migration, { text: 'commit', offset: migration.sql.length, words: [] })
    } else {
      await recordChanging(client, schema)
      await runStatements(options, migration)
      await finish()
    }
  } catch (error) {
    if (migration.transaction) await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    await resetSession(client, path)
  }
}

// A migration may have set anything; the next one starts from what the session was given. A lost connection needs none.
async function resetSession(client: ClientBase, path: string): Promise<void> {
  await client
    .query(`reset all; select set_config('search_path', ${client.escapeLiteral(path)}, false)`)
    .catch(() => undefined)
}

async function runStatements(options: ApplyOptions, migration: Migration): Promise<void> {
  for (const statement of migration.statements) await run(options, migration, statement)
}

async function run({ client, module }: ApplyOptions, migration: Migration, statement: SqlStatement): Promise<void> {
  try {
    await client.query(statement.text)
  } catch (error) {
    if (isRefusal(error)) throw migrationFailure(module, migration, statement, error)
    throw banyanError('unavailable', { what: `The database of ${module}` }, { cause: error })
  }
}
