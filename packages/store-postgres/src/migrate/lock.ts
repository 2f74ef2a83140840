import { createHash } from 'node:crypto'
import { banyanError } from '@banyan/errors'
import type { ClientBase } from 'pg'

const pauseMs = 100

/** The advisory lock of a schema's migrations; locks are per database, so the schema's name is enough. */
function lockKey(schema: string): string {
  return createHash('sha256').update(`banyan migrate ${schema}`).digest().readBigInt64BE(0).toString()
}

interface Holder {
  pid: number
  application_name: string
  client_addr: string | null
  since: string
}

async function describeHolder(client: ClientBase, key: string): Promise<string> {
  const unsigned = BigInt.asUintN(64, BigInt(key))
  const { rows } = await client.query<Holder>(
    `select a.pid, a.application_name, a.client_addr, coalesce(a.xact_start, a.backend_start)::text as since
     from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and l.database = (select oid from pg_database where datname = current_database())
       and l.classid::bigint = $1 and l.objid::bigint = $2`,
    [(unsigned >> 32n).toString(), (unsigned & 0xffffffffn).toString()],
  )
  const holder = rows[0]
  if (!holder) return 'it has just ended'
  const name = holder.application_name || 'an unnamed client'
  return `backend ${holder.pid} (${name}, ${holder.client_addr ?? 'local'}) since ${holder.since}`
}

/**
 * Runs `work` while no other process migrates the schema. The lock is the session's, so it ends with the process.
 * It is tried again and again rather than waited for: a session that waits inside one statement holds a snapshot, and
 * `create index concurrently` in the other process would wait for it for ever.
 * @throws `migration-locked` after `waitMs`, naming who holds it
 */
export async function withMigrationLock<Result>(
  client: ClientBase,
  target: { readonly schema: string; readonly module: string; readonly waitMs: number },
  work: () => Promise<Result>,
): Promise<Result> {
  const key = lockKey(target.schema)
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [key])
    if (rows[0]?.locked) break
    if (waitedMs >= target.waitMs) {
      const holder = await describeHolder(client, key)
      throw banyanError('migration-locked', { module: target.module, waitedMs: target.waitMs, holder })
    }
    // The server's clock, so that a driven clock in a test cannot stop the wait.
    await client.query('select pg_sleep($1)', [pauseMs / 1000])
  }
  try {
    return await work()
  } finally {
    // A lost connection has released it; the error of the work is the one to tell.
    await client.query('select pg_advisory_unlock($1)', [key]).catch(() => undefined)
  }
}
