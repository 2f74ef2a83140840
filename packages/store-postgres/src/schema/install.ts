import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import type { RolePlan } from '../roles/role-sql.js'
import { installSql } from './install-sql.js'

/** Processes of one app that start together take turns: roles and schemas have no `if not exists` that is safe. */
export const installLockKey = createHash('sha256').update('banyan install').digest().readBigInt64BE(0).toString()

/** Runs `work` while no other process installs into this database. */
export async function withInstallLock<Result>(client: Client, work: () => Promise<Result>): Promise<Result> {
  await client.query('select pg_advisory_lock($1)', [installLockKey])
  try {
    return await work()
  } finally {
    // A lost connection has released it; the error of the work is the one to tell.
    await client.query('select pg_advisory_unlock($1)', [installLockKey]).catch(() => undefined)
  }
}

/** Makes the role, the schema and Banyan's own tables of one module, or brings them up to date, in one transaction. */
export async function installModule(client: Client, plan: RolePlan): Promise<void> {
  try {
    await client.query(['begin', ...installSql(plan), 'commit'].join(';\n'))
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}
