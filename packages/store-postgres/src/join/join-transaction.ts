import { banyanError } from '@banyan/errors'
import type { NewEvent, NewJob } from '@banyan/runtime'
import { addJobsCall, addJobsPart } from '../jobs/add-jobs.js'
import { appendEvents } from '../log/append-events.js'
import { quoteIdentifier, roleName, schemaName } from '../roles/names.js'
import { type HostClient, transactionEnd } from './host-client.js'

/**
 * Appends events and durable calls inside a transaction that somebody else began and will end, on a connection of theirs.
 *
 * I1 What is appended is there if and only if that transaction commits: nothing is sent outside of one (P5).
 * I2 The module's own role appends, with the module's own path; the settings of the host are as before afterwards.
 * I3 The lanes are locked by the last statement (delivery.md L1), and stay locked until the host commits.
 */
export interface JoinedTransaction {
  append(events: readonly NewEvent[], jobs: readonly NewJob[]): Promise<void>
  /** Resolves when the transaction has ended, either way; undefined where the client does not tell. */
  readonly ended: Promise<void> | undefined
}

export interface JoinOptions {
  readonly client: HostClient
  readonly app: string
  readonly module: string
  /** Identity of the log that the events belong to, as `LogStore.heads` tells it. */
  readonly incarnation: string
  /** Marks the transaction; never used before. */
  readonly mark: string
}

const setting = 'banyan.joined'

/** @throws `no-transaction`, `other-database`; the transaction can be used on after both */
export async function joinTransaction(options: JoinOptions): Promise<JoinedTransaction> {
  const { client, app, module, mark } = options
  const schema = quoteIdentifier(schemaName(module))
  await checkTransaction(options, schema)
  let ended: Promise<void> | undefined
  return {
    get ended() {
      return ended
    },
    async append(events, jobs) {
      // Checked before the lanes are locked: after them, a wait could close a circle (L1).
      await client.query('set constraints all immediate', [])
      const { text, values } = joinedAppend(schema, [mark, roleName(app, module), schema], events, jobs)
      const { rows } = await client.query(text, values)
      // I1: the transaction that was joined has ended meanwhile.
      if (rows.length === 0) throw banyanError('no-transaction', { module })
      ended = transactionEnd(client)
    },
  }
}

async function checkTransaction({ client, module, mark, incarnation }: JoinOptions, schema: string): Promise<void> {
  // A setting that is local to a transaction is gone with the next statement where there is none.
  const { rows: found } = await client.query<{ here: boolean }>(
    `select set_config('${setting}', $1, true), to_regclass($2) is not null as here`,
    [mark, `${schema}.banyan_meta`],
  )
  if (!found[0]?.here) throw banyanError('other-database', { module })
  const { rows } = await client.query<{ joined: boolean; incarnation: string }>(
    `select coalesce(current_setting('${setting}', true), '') = $1 as joined, incarnation::text
     from ${schema}.banyan_meta`,
    [mark],
  )
  if (!rows[0]?.joined) throw banyanError('no-transaction', { module })
  if (!incarnation.startsWith(rows[0].incarnation)) throw banyanError('other-database', { module })
}

/**
 * One statement, so that nothing can come between: takes on the module's role and path, appends, and puts back what was.
 * Each part reads from the one before it, which is what makes PostgreSQL run them in this order; events are last (I3).
 */
function joinedAppend(
  schema: string,
  [mark, role, path]: readonly [mark: string, role: string, path: string],
  events: readonly NewEvent[],
  jobs: readonly NewJob[],
): { text: string; values: unknown[] } {
  const values: unknown[] = [mark, role, path]
  const parts: string[] = []
  let before = 'module'
  const add = (name: string, call: string, own: readonly unknown[]): void => {
    const first = values.push(...own) - own.length
    const numbered = call.replace(/\$(\d+)/g, (_, number) => `$${first + Number(number)}`)
    parts.push(`${name} as materialized (
        select ${before}.role, ${before}.path, ${schema}.${numbered} as done from ${before}
      )`)
    before = name
  }
  if (jobs.length > 0) add('put_off', addJobsCall, addJobsPart(jobs).values ?? [])
  if (events.length > 0) {
    const { part, call } = appendEvents(events)
    add('appended', call, part.values ?? [])
  }
  return {
    values,
    text: `
      with host as materialized (
        select current_setting('role') as role, current_setting('search_path') as path
        where current_setting('${setting}', true) = $1
      ), module as materialized (
        select host.*, set_config('search_path', $3, true), set_config('role', $2, true) from host
      ), ${parts.join(', ')}
      select done, set_config('role', role, true), set_config('search_path', path, true) from ${before}`,
  }
}
