import { banyanError } from '@banyan/errors'
import pg, { type Client } from 'pg'
import { type ConnectionOptions, clientConfig, describeTarget, readSettings } from '../connection/settings.js'

/**
 * Settings under which the same row has the same text on every server and version: what is copied and what is summed up
 * is text. Names are written with their schemas, because nothing is in the search path.
 */
const portableText = [
  "set search_path = ''",
  "set client_encoding = 'UTF8'",
  "set datestyle = 'ISO, YMD'",
  "set intervalstyle = 'postgres'",
  "set timezone = 'UTC'",
  "set bytea_output = 'hex'",
  'set extra_float_digits = 1',
  "set lc_monetary = 'C'",
  "set xmloption = 'content'",
  // A policy that would hide rows is an error, not a smaller copy.
  'set row_security = off',
  'set statement_timeout = 0',
  'set idle_in_transaction_session_timeout = 0',
  "set lock_timeout = '10s'",
  'set client_min_messages = warning',
]

/** One of the two databases, and how to get sessions there. */
export interface Side {
  readonly options: ConnectionOptions
  /** For people: no password in it. */
  readonly description: string
}

export function sideOf(options: ConnectionOptions): Side {
  return { options, description: describeTarget(readSettings(options).target) }
}

/** A connection as the admin. Whoever opens it ends it. */
export async function openClient(side: Side): Promise<Client> {
  const { target, admin } = readSettings(side.options)
  const client = new pg.Client(clientConfig(target, admin, 'banyan promote'))
  // Without a listener a lost connection would end the process; the statement under way is rejected as well.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    const summary = error instanceof Error ? error.message : String(error)
    throw banyanError('store-unreachable', { target: side.description, summary }, { cause: error })
  }
  return client
}

/** A connection whose text is portable, and which can do a thing as the owner of what it touches. */
export interface PortableSession {
  readonly client: Client
  /**
   * Runs `work` as the owner, with the owner's schema in the search path: checks, computed columns and views may call
   * functions by their bare names. After an error the session is of no more use.
   */
  as<Result>(what: Owned, work: () => Promise<Result>): Promise<Result>
}

/** Something that a role owns. */
export interface Owned {
  readonly owner: string
  readonly schema: string
}

const publicIsSafe = `
  select coalesce((select not has_schema_privilege('public', oid, 'CREATE') and has_schema_privilege(oid, 'USAGE')
    from pg_namespace where nspname = 'public'), false) as safe`

/** Opens a portable session. Whoever opens it closes it. */
export async function openPortable(side: Side): Promise<PortableSession> {
  const client = await openClient(side)
  await client.query(portableText.join(';\n'))
  // Ends the server's side of a killed process soon, instead of at its next word; not every platform can.
  await client.query("set client_connection_check_interval = '1s'").catch(() => undefined)
  const { rows } = await client.query<{ safe: boolean }>(publicIsSafe)
  const extensions = rows[0]?.safe ? ', public' : ''
  return {
    client,
    async as({ owner, schema }, work) {
      const path = `${client.escapeIdentifier(schema)}${extensions}`
      await client.query(`set role ${client.escapeIdentifier(owner)}; set search_path = ${path}`)
      const result = await work()
      await client.query("reset role; set search_path = ''")
      return result
    },
  }
}

/** Cuts the connection unless it is idle: a polite end would wait for the rest of a copy that nobody reads any more. */
export async function closeClient(client: Client): Promise<void> {
  if (client.getTransactionStatus() === 'I') await client.end()
  else client.connection.stream.destroy()
}

/** Runs `work` with an admin connection of its own. */
export async function withClient<Result>(side: Side, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = await openClient(side)
  try {
    return await work(client)
  } finally {
    await closeClient(client)
  }
}
