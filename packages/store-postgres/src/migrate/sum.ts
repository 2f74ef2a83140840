import { createHash } from 'node:crypto'
import { type BanyanError, banyanError, isBanyanError, type Problem } from '@banyan/errors'
import pg, { type ClientBase, type ClientConfig } from 'pg'
import { applyMigrations } from './apply.js'
import { describeSchema } from './describe.js'
import { differenceProblems, schemaDifferences } from './difference.js'
import { isRefusal } from './failure.js'
import type { Migration } from './read.js'
import { hasRecordTables, lookAtSchema } from './record.js'

/** A module whose steps are to be summed up. */
export interface SumModule {
  readonly name: string
  readonly schema: string
  readonly migrations: readonly Migration[]
  /** Its login role: the steps run with its rights. Without one, with those of the admin. */
  readonly role?: string
}

/** Where to sum up. */
export interface SumOptions {
  /** May create databases and set the modules' roles; connected to the database that holds the modules' schemas. */
  readonly admin: ClientConfig
  readonly modules: readonly SumModule[]
  /** Milliseconds since 1970 (P10). */
  readonly now: () => number
}

/**
 * Applies every module's migrations from zero in a scratch database beside the real one, and compares what they make
 * with the real schema as far as that was migrated; where a module has no schema yet, that they apply is the check.
 * The scratch database is dropped afterwards; one left over by a killed process is dropped first.
 * @returns the problems found, those of a migration that fails included
 * @throws `store-privileges` when the admin may not create databases, `store-unreachable`
 */
export async function verifySum({ admin, modules, now }: SumOptions): Promise<readonly Problem[]> {
  const real = new pg.Client(admin)
  await connect(real)
  try {
    const { rows } = await real.query<{ name: string }>('select current_database() as name')
    const scratch = `banyan_scratch_${createHash('sha256')
      .update(rows[0]?.name ?? '')
      .digest('hex')
      .slice(0, 16)}`
    await createScratch(real, scratch)
    try {
      return await sumUp(real, { ...admin, connectionString: undefined, ...target(admin, scratch) }, modules, now)
    } finally {
      await real.query(`drop database if exists ${real.escapeIdentifier(scratch)}`)
    }
  } finally {
    await real.end()
  }
}

function target(admin: ClientConfig, database: string): ClientConfig {
  if (admin.connectionString === undefined) return { database }
  const url = new URL(admin.connectionString)
  url.pathname = `/${encodeURIComponent(database)}`
  return { connectionString: url.href }
}

async function connect(client: pg.Client): Promise<void> {
  try {
    await client.connect()
  } catch (error) {
    const summary = error instanceof Error ? error.message : String(error)
    throw banyanError('store-unreachable', { target: `${client.host}:${client.port}`, summary }, { cause: error })
  }
}

// Without `with (force)`: a scratch database in use belongs to another check that runs now.
async function createScratch(real: ClientBase, scratch: string): Promise<void> {
  try {
    await real.query(`drop database if exists ${real.escapeIdentifier(scratch)}`)
    await real.query(`create database ${real.escapeIdentifier(scratch)} template template0 encoding 'UTF8'`)
  } catch (error) {
    if (isRefusal(error) && error.code === '42501') {
      throw banyanError('store-privileges', { what: 'create a scratch database' }, { cause: error })
    }
    throw error
  }
}

async function sumUp(
  real: ClientBase,
  scratch: ClientConfig,
  modules: readonly SumModule[],
  now: () => number,
): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  const client = new pg.Client(scratch)
  await connect(client)
  try {
    for (const module of modules) problems.push(...(await sumUpOne(real, client, module, now)))
  } finally {
    await client.end()
  }
  return problems
}

async function sumUpOne(
  real: ClientBase,
  client: ClientBase,
  module: SumModule,
  now: () => number,
): Promise<readonly Problem[]> {
  const { name, schema, role } = module
  const migrated = await hasRecordTables(real, schema)
  const look = migrated ? await lookAtSchema(real, schema) : undefined
  const last = look?.applied.at(-1)?.number ?? 0
  const migrations = look ? module.migrations.filter(({ number }) => number <= last) : module.migrations
  const authorization = role === undefined ? '' : ` authorization ${client.escapeIdentifier(role)}`
  await client.query(`create schema ${client.escapeIdentifier(schema)}${authorization}`)
  if (role !== undefined) await client.query(`set role ${client.escapeIdentifier(role)}`)
  try {
    await client.query(`select set_config('search_path', $1, false)`, [client.escapeIdentifier(schema)])
    await applyMigrations({ client, schema, module: name, migrations, now })
    const sum = await describeSchema(client, schema)
    return look ? differenceProblems(name, schemaDifferences(sum, look.description)) : []
  } catch (error) {
    if (!isBanyanError(error, 'migration-failed')) throw error
    return [failureProblem(name, error)]
  } finally {
    await client.query('reset role')
  }
}

function failureProblem(module: string, error: BanyanError): Problem {
  const { file, line } = error.details as { file: string; line: number }
  const remedy = 'Correct the file if it was never applied anywhere; otherwise make what it needs in an earlier one.'
  return { who: `module ${module}`, where: `${file}:${line}`, what: error.message, remedy }
}
