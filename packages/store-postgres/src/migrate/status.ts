import { type Problem, problemsError } from '@banyan/errors'
import type { ClientBase } from 'pg'
import { describeSchema } from './describe.js'
import { differenceProblems, type SchemaDifference } from './difference.js'
import { historyProblems, pendingMigrations } from './history.js'
import type { Migration } from './read.js'
import { driftOf, hasRecordTables, lookAtSchema, type SchemaLook } from './record.js'

/** Whose migrations to look at. The client only reads. */
export interface StatusOptions {
  readonly client: ClientBase
  readonly schema: string
  readonly module: string
  readonly migrations: readonly Migration[]
}

/** One migration, from the files, from the schema, or both. */
export interface MigrationState {
  readonly number: number
  readonly name: string
  readonly state: 'applied' | 'pending' | 'edited' | 'missing' | 'out-of-order'
  /** Milliseconds since 1970. */
  readonly appliedAt?: number
  readonly durationMs?: number
}

/** How a module's schema stands to its migrations. */
export interface MigrationStatus {
  readonly module: string
  readonly schema: string
  /** Ascending by number. */
  readonly migrations: readonly MigrationState[]
  /** What stands against applying; empty when all is well. */
  readonly problems: readonly Problem[]
  readonly drift: readonly SchemaDifference[]
}

/** What applying would do. */
export interface MigrationPlan {
  readonly module: string
  readonly schema: string
  /** In the order in which they would be applied; their statements say what would run. */
  readonly pending: readonly Migration[]
}

async function look({ client, schema }: StatusOptions): Promise<SchemaLook> {
  if (await hasRecordTables(client, schema)) return lookAtSchema(client, schema)
  return { applied: [], recorded: undefined, description: await describeSchema(client, schema) }
}

function statesOf(migrations: readonly Migration[], { applied }: SchemaLook): readonly MigrationState[] {
  const files = new Map(migrations.map((migration) => [migration.number, migration]))
  const last = applied.at(-1)?.number ?? 0
  const past = applied.map(({ number, name, checksum, appliedAt, durationMs }): MigrationState => {
    const file = files.get(number)
    const state = !file ? 'missing' : file.checksum === checksum ? 'applied' : 'edited'
    return { number, name, state, appliedAt, durationMs }
  })
  const known = new Set(applied.map(({ number }) => number))
  const open = migrations
    .filter(({ number }) => !known.has(number))
    .map(({ number, name }): MigrationState => ({ number, name, state: number < last ? 'out-of-order' : 'pending' }))
  return [...past, ...open].sort((one, other) => one.number - other.number)
}

/** Tells of every migration where it stands, with everything that is wrong; changes nothing and refuses nothing. */
export async function migrationStatus(options: StatusOptions): Promise<MigrationStatus> {
  const { module, schema, migrations } = options
  const found = await look(options)
  const drift = driftOf(found)
  const problems = [...historyProblems(module, migrations, found.applied), ...differenceProblems(module, drift)]
  return { module, schema, migrations: statesOf(migrations, found), problems, drift }
}

/**
 * A dry run: what `applyMigrations` would do now; changes nothing.
 * @throws what `applyMigrations` would refuse with: `migration-edited`, `migration-missing`, `migration-order`, `schema-drift`
 */
export async function planMigrations(options: StatusOptions): Promise<MigrationPlan> {
  const { module, schema, migrations } = options
  const found = await look(options)
  const pending = pendingMigrations(module, migrations, found.applied)
  const drift = driftOf(found)
  if (drift.length > 0) throw problemsError('schema-drift', { module }, differenceProblems(module, drift))
  return { module, schema, pending }
}
