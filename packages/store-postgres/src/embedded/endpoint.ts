import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { socketPathMaxBytes } from './doorbell.js'
import { folderUnusable } from './failures.js'
import { giveFolder } from './folders.js'
import type { Home } from './home.js'
import { canEnter, type ServerUser } from './server-user.js'
import type { EmbeddedLog } from './types.js'

/** Where the server listens: one of a private socket and a loopback port, never both. */
export interface Endpoint {
  /** Folder of the Unix socket, or 127.0.0.1. */
  readonly host: string
  readonly port: number
  readonly transport: 'socket' | 'loopback'
}

// Only the name of the socket file is made from it: nothing listens on this port.
const socketPort = 5432
const socketFile = `.s.PGSQL.${socketPort}`

/** Chooses where to listen. A private folder is the first barrier on a socket, the password is the second. */
export async function chooseEndpoint(
  home: Home,
  transport: 'socket' | 'loopback' | undefined,
  log: EmbeddedLog,
): Promise<Endpoint> {
  if (transport !== 'loopback' && process.platform !== 'win32') {
    const host = socketFolders(home).find((folder) => isPrivate(folder, home.user))
    if (host !== undefined) return { host, port: socketPort, transport: 'socket' }
    const reason = 'no folder can hold a private socket'
    if (transport === 'socket') throw folderUnusable(home.folder, reason)
    log({ level: 'warn', message: `PostgreSQL listens on 127.0.0.1: ${reason}` })
  }
  return { host: '127.0.0.1', port: await freePort(), transport: 'loopback' }
}

function socketFolders({ folder, user }: Home): string[] {
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  const name = `banyan-${user.uid}-${hash}`
  const folders = [join(folder, 'socket'), join(tmpdir(), name), join('/tmp', name)]
  return folders.filter((path) => Buffer.byteLength(join(path, socketFile)) <= socketPathMaxBytes)
}

/** Whether the folder, made if absent, belongs to the server's user alone: in a shared folder it may be somebody's trap. */
function isPrivate(folder: string, user: ServerUser): boolean {
  try {
    if (!canEnter(dirname(folder), user)) return false
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) {
      mkdirSync(folder, { mode: 0o700 })
      giveFolder(folder, user)
    }
    const stats = lstatSync(folder)
    return stats.isDirectory() && stats.uid === user.uid && (stats.mode & 0o077) === 0
  } catch {
    return false // the next folder, or loopback, does as well
  }
}

/** Removes what a killed server left: its lock file names a process id that somebody else may have by now. */
export function clearSocket({ host, transport }: Endpoint): void {
  if (transport === 'loopback') return
  for (const name of readdirSync(host)) {
    if (name === socketFile || name === `${socketFile}.lock`) rmSync(join(host, name))
  }
}

/** Removes a socket folder outside the data folder. */
export function removeSocketFolder({ host, transport }: Endpoint, home: Home): void {
  if (transport === 'socket' && dirname(host) !== home.folder) rmSync(host, { recursive: true, force: true })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
