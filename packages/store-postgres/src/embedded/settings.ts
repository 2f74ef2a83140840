import { join } from 'node:path'
import { type Problem, problemsError } from '@banyan/errors'
import type { Endpoint } from './endpoint.js'
import type { Home } from './home.js'

/**
 * The server's settings, written to a file of Banyan's beside the cluster at every start. Small, because one laptop
 * runs the database and the app: Node and PostgreSQL together stay under 250 MB. Durable: an acknowledged commit is on
 * the disk.
 */
const defaults: Readonly<Record<string, string>> = {
  max_connections: '200',
  shared_buffers: '32MB',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  huge_pages: 'off',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  // Nothing replicates from here: no senders, no slots, no launcher process.
  wal_level: 'replica',
  max_wal_senders: '0',
  max_replication_slots: '0',
  max_logical_replication_workers: '0',
  min_wal_size: '64MB',
  max_wal_size: '512MB',
  // Worker processes for reading cost memory all the time and gain nothing on a database that fits the page cache.
  io_method: 'sync',
  jit: 'off',
  autovacuum: 'on',
  autovacuum_max_workers: '2',
  // A process that was killed leaves queries behind; they end within this time instead of holding their locks.
  client_connection_check_interval: '5s',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  cluster_name: 'banyan',
  logging_collector: 'off',
  log_checkpoints: 'off',
  // Failed statements are the app's to report; here they would fill the disk, and put data into a log.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
}

// These decide who reaches the server and where its data lies.
const reserved = new Set([
  'listen_addresses',
  'port',
  'unix_socket_directories',
  'unix_socket_permissions',
  'unix_socket_group',
  'data_directory',
  'config_file',
  'hba_file',
  'ident_file',
  'external_pid_file',
  'ssl',
])

export const settingsFileName = 'postgresql.conf'

/** The text of the settings file. */
export function settingsFile(home: Home, endpoint: Endpoint, overrides: Readonly<Record<string, string>>): string {
  const socket = endpoint.transport === 'socket'
  const all: Record<string, string> = {
    ...defaults,
    ...overrides,
    listen_addresses: socket ? '' : endpoint.host,
    port: String(endpoint.port),
    // PostgreSQL knows no socket on Windows unless told; an empty list means none.
    unix_socket_directories: socket ? quoteInList(endpoint.host) : '',
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${quote(value)}`)
  return [
    '# Written by Banyan at every start; changes here are lost.',
    // What initdb found out about this machine.
    `include_if_exists = ${quote(join(home.cluster, 'postgresql.conf'))}`,
    ...lines,
    '',
  ].join('\n')
}

/** @throws invalid-config, naming every setting that may not be replaced or cannot be written */
export function checkOverrides(overrides: Readonly<Record<string, string>>): void {
  const problems = Object.entries(overrides).flatMap(([name, value]): Problem[] => {
    const what = reserved.has(name.toLowerCase())
      ? 'Banyan decides where the server listens and where its data lies'
      : !/^[a-z_][a-z0-9_.]*$/i.test(name)
        ? 'this is not the name of a PostgreSQL setting'
        : /[\n\r\0]/.test(value)
          ? 'the value has more than one line'
          : undefined
    if (what === undefined) return []
    return [{ who: 'embedded PostgreSQL', where: `settings.${name}`, what, remedy: 'Remove it.' }]
  })
  if (problems.length > 0) throw problemsError('invalid-config', {}, problems)
}

function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

// The value is a list of identifiers: a path with a comma or a space needs quotes of its own.
function quoteInList(path: string): string {
  return `"${path.replaceAll('"', '""')}"`
}
