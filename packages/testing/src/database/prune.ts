import { issueTime } from '@banyan/ambient'
import type { Client } from 'pg'
import { databasePrefix, templatePrefix } from './shape.js'

const cloneAgeMs = 600_000
const templatesKept = 24
const forgottenAtOnce = 20

/**
 * Drops clones that a killed test left behind, and the oldest templates beyond a number: the shape of an app changes
 * with each migration, and every shape has a template. Clones in use, and young ones, are left alone.
 */
export async function pruneDatabases(client: Client, now: number): Promise<void> {
  const { rows } = await client.query<{ name: string; used: boolean }>(
    `select d.datname as name, exists (select from pg_stat_activity a where a.datid = d.oid) as used
     from pg_database d where d.datname like '${databasePrefix.replaceAll('_', '\\_')}%' order by d.oid desc`,
  )
  const unused = rows.filter((row) => !row.used).map((row) => row.name)
  const templates = unused.filter((name) => name.startsWith(templatePrefix)).slice(templatesKept)
  const clones = unused.filter((name) => !name.startsWith(templatePrefix) && now - madeAt(name) > cloneAgeMs)
  for (const name of [...clones, ...templates].slice(0, forgottenAtOnce)) {
    // Another process may be dropping it too.
    await client.query(`drop database if exists "${name}"`)
    if (name.startsWith(templatePrefix)) await dropRoles(client, name.slice(templatePrefix.length))
  }
}

/** The roles of a shape: nothing depends on them once its template is gone and no clone is left. */
async function dropRoles(client: Client, mark: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select rolname as name from pg_roles r where rolname like $1
       and not exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid)`,
    [`%\\_test${mark}\\_%`],
  )
  for (const { name } of rows) await client.query(`drop role if exists "${name}"`)
}

function madeAt(name: string): number {
  const id = name.slice(-32)
  return issueTime(`${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`) ?? 0
}
