import { banyanError } from '@banyan/errors'
import type { NewEvent } from '@banyan/runtime'
import { appendEvents } from '../log/append-events.js'
import { quoteIdentifier, roleName, schemaName } from '../roles/names.js'
import { type HostClient, transactionEnd } from './host-client.js'

/**
 * Appends events inside a transaction that somebody else began and will end, on a connection of theirs.
 *
 * I1 What is appended is there if and only if that transaction commits: nothing is sent outside of one (P5).
 * I2 The module's own role appends, with the module's own path; the settings of the host are as before afterwards.
 * I3 The lanes are locked by the last statement (delivery.md L1), and stay locked until the host commits.
 */
export interface JoinedTransaction {
  append(events: readonly NewEvent[]): Promise<void>
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
    async append(events) {
      // Checked before the lanes are locked: after them, a wait could close a circle (L1).
      await client.query('set constraints all immediate', [])
      const { text, values } = joinedAppend(schema, events)
      const { rows } = await client.query(text, [
        ...values,
        mark,
        roleName(app, module),
        quoteIdentifier(schemaName(module)),
      ])
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
 * Each part reads from the one before it, which is what makes PostgreSQL run them in this order.
 */
function joinedAppend(schema: string, events: readonly NewEvent[]): { text: string; values: readonly unknown[] } {
  const { part, call } = appendEvents(events)
  const values = part.values ?? []
  const [mark, role, path] = [1, 2, 3].map((number) => `$${values.length + number}`)
  return {
    values,
    text: `
      with host as materialized (
        select current_setting('role') as role, current_setting('search_path') as path
        where current_setting('${setting}', true) = ${mark}
      ), module as materialized (
        select host.*, set_config('search_path', ${path}, true), set_config('role', ${role}, true) from host
      ), appended as materialized (
        select module.role, module.path, ${schema}.${call} as positions from module
      )
      select positions, set_config('role', role, true), set_config('search_path', path, true) from appended`,
  }
}
