import { banyanError, problemsError } from '@banyan/errors'
import type { Client } from 'pg'
import { differenceProblems } from '../migrate/difference.js'
import { isRefusal } from '../migrate/failure.js'
import { pendingMigrations } from '../migrate/history.js'
import type { Migration } from '../migrate/read.js'
import { driftOf, hasRecordTables, lookAtSchema } from '../migrate/record.js'
import { inspectServer } from '../schema/inspect.js'
import type { PlannedModule } from '../schema/plan.js'
import { ownSchemaVersion } from '../schema/versions.js'
import { type Inventory, quoted, takeInventory } from './inventory.js'
import { closeClient, openClient, openPortable, type PortableSession, type Side, withClient } from './session.js'

/** A module as a promotion sees it. */
export interface PromotedModule extends PlannedModule {
  readonly name: string
  readonly migrations: readonly Migration[]
}

/** The source, held still: nobody writes while it is open. Whoever opens it closes it. */
export interface HeldSource {
  /** All statements see the same moment. */
  readonly reader: PortableSession
  readonly inventory: Inventory
  /** @throws `promote-source-in-use` when somebody uses it meanwhile */
  checkUnused(): Promise<void>
  close(): Promise<void>
}

const refused = (summary: string, cause?: unknown) => banyanError('promote-refused', { summary }, { cause })

/**
 * Checks that the source can be promoted, without holding it.
 * @returns per module, the migrations that were applied there: those the target needs for the same tables
 * @throws `promote-refused`, `migration-edited`, `migration-missing`, `migration-order`, `schema-drift`
 */
export async function checkSource(
  side: Side,
  modules: readonly PromotedModule[],
): Promise<ReadonlyMap<string, readonly Migration[]>> {
  return withClient(side, async (client) => {
    const facts = await inspectServer(client, modules)
    for (const { schema, version } of facts.modules) {
      if (version === ownSchemaVersion) continue
      const what =
        version === 0 ? 'holds no data of this app' : `has tables of version ${version}, not ${ownSchemaVersion}`
      throw refused(`schema ${schema} of the source ${what}; start the app on it once with this version`)
    }
    const large = await client.query('select from pg_largeobject_metadata limit 1')
    if (large.rowCount !== 0) throw refused('the source holds large objects, which belong to no schema')
    const applied = new Map<string, readonly Migration[]>()
    for (const module of modules) applied.set(module.name, await appliedMigrations(client, module))
    return applied
  })
}

async function appliedMigrations(client: Client, module: PromotedModule): Promise<readonly Migration[]> {
  const { name, schema, migrations } = module
  if (!(await hasRecordTables(client, schema))) return []
  const look = await lookAtSchema(client, schema)
  const pending = new Set(pendingMigrations(name, migrations, look.applied))
  if (look.recorded?.changing) throw refused(`a migration of ${name} was interrupted; start the app on the source once`)
  const drift = driftOf(look)
  if (drift.length > 0) throw problemsError('schema-drift', { module: name }, differenceProblems(name, drift))
  return migrations.filter((migration) => !pending.has(migration))
}

interface User {
  pid: number
  usename: string
  application_name: string
}

/** Looks several times: the session of a process that was just killed lives on for a moment. */
async function checkUnused(client: Client, modules: readonly PromotedModule[], attempts: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    // Inside a transaction the list of sessions is otherwise that of the first look.
    await client.query('select pg_stat_clear_snapshot()')
    const { rows } = await client.query<User>(
      `select pid, usename, application_name from pg_stat_activity
       where datname = current_database() and usename = any ($1) and pid <> pg_backend_pid() order by pid`,
      [modules.map(({ role }) => role)],
    )
    if (rows.length === 0) return
    if (attempt >= attempts) {
      const users = rows
        .slice(0, 5)
        .map(({ pid, usename, application_name }) => `${usename} (${application_name || 'unnamed'}, backend ${pid})`)
      const more = rows.length > 5 ? ` and ${rows.length - 5} more` : ''
      throw banyanError('promote-source-in-use', { summary: `${users.join(', ')}${more}` })
    }
    await client.query('select pg_sleep(0.2)')
  }
}

/** Keeps writers out of all tables until the end of the transaction; readers are not disturbed. */
async function lockTables(client: Client, inventory: Inventory): Promise<void> {
  const patient = 'set statement_timeout = 0; set idle_in_transaction_session_timeout = 0'
  await client.query(`${patient}; set lock_timeout = '5s'; begin`)
  try {
    for (const table of inventory.tables) {
      await client.query(`set local role ${client.escapeIdentifier(table.owner)}`)
      await client.query(`lock table only ${quoted(client, table)} in share mode`)
    }
    await client.query('reset role')
  } catch (error) {
    if (!isRefusal(error) || error.code !== '55P03') throw error
    throw banyanError('promote-source-in-use', { summary: 'a transaction that writes does not end' }, { cause: error })
  }
}

/**
 * Holds the source still and opens a session that sees it as of now.
 * @throws `promote-source-in-use` when another process uses it
 */
export async function holdSource(side: Side, modules: readonly PromotedModule[]): Promise<HeldSource> {
  const schemas = modules.map(({ schema }) => schema)
  const guard = await openClient(side)
  const sessions: Client[] = [guard]
  const close = async (): Promise<void> => {
    for (const client of sessions) await closeClient(client)
  }
  try {
    await checkUnused(guard, modules, 10)
    await lockTables(guard, await takeInventory(guard, schemas))
    const reader = await openPortable(side)
    sessions.push(reader.client)
    // After the locks: the snapshot then holds every change that there is.
    await reader.client.query('begin isolation level repeatable read read only')
    const inventory = await takeInventory(reader.client, schemas)
    return { reader, inventory, checkUnused: () => checkUnused(guard, modules, 1), close }
  } catch (error) {
    await close()
    throw error
  }
}
