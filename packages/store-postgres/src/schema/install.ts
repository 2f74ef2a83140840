import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { quoteIdentifier } from '../roles/names.js'
import { type RolePlan, roleSql } from '../roles/role-sql.js'
import type { ModuleFacts } from './inspect.js'
import { ownSchemaSteps, ownSchemaVersion } from './versions.js'

/** Processes of one app that start together take turns: roles and schemas have no `if not exists` that is safe. */
const lockKey = createHash('sha256').update('banyan install').digest().readBigInt64BE(0).toString()

/** Runs `work` while no other process installs into this database. */
export async function withInstallLock<Result>(client: Client, work: () => Promise<Result>): Promise<Result> {
  await client.query('select pg_advisory_lock($1)', [lockKey])
  try {
    return await work()
  } finally {
    // A lost connection has released it; the error of the work is the one to tell.
    await client.query('select pg_advisory_unlock($1)', [lockKey]).catch(() => undefined)
  }
}

/** Makes the role, the schema and Banyan's own tables of one module, or brings them up to date, in one transaction. */
export async function installModule(
  client: Client,
  plan: RolePlan,
  facts: ModuleFacts,
  serverVersion: number,
): Promise<void> {
  const [schema, role] = [quoteIdentifier(plan.schema), quoteIdentifier(plan.role)]
  const steps = ownSchemaSteps.slice(facts.version)
  const statements = [
    'begin',
    ...roleSql(plan, facts.roleExists, serverVersion),
    ...(facts.schemaOwner === undefined ? [`create schema ${schema} authorization ${role}`] : []),
    // From here on as the module: what it owns it can migrate, and nothing of it belongs to the admin (P8).
    `set local role ${role}`,
    `set local search_path = ${schema}`,
    'alter default privileges revoke execute on functions from public',
    ...steps,
    `update banyan_meta set version = ${ownSchemaVersion}`,
    'commit',
  ]
  try {
    await client.query(statements.join(';\n'))
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}
