import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { systemCode } from './failures.js'
import { canEnter, runsAsRoot, type ServerUser } from './server-user.js'

/** Makes the folder and those above it that are missing; a server under another user must get through them all. */
export function makeFolders(folder: string, user: ServerUser): void {
  const missing: string[] = []
  for (let path = folder; statSync(path, { throwIfNoEntry: false }) === undefined; path = dirname(path)) {
    missing.unshift(path)
  }
  for (const path of missing) {
    const parent = statSync(dirname(path))
    mkdirSync(path, { recursive: true })
    if (!user.dropped) continue
    chmodSync(path, 0o755) // whatever the umask is
    if (parent.uid === user.uid) chownSync(path, user.uid, user.gid) // so that this user can start without root later
  }
}

/** Whether the file system keeps owner and mode of a folder: PostgreSQL insists on both (0700, its own). */
export function keepsOwnership(folder: string, user: ServerUser): boolean {
  if (process.platform === 'win32') return true
  const probe = join(folder, `probe-${randomBytes(6).toString('hex')}`)
  mkdirSync(probe)
  try {
    giveFolder(probe, user)
    const stats = statSync(probe)
    return stats.uid === user.uid && (stats.mode & 0o777) === 0o700
  } catch (error) {
    if (['EPERM', 'ENOTSUP', 'EINVAL', 'EACCES'].includes(systemCode(error) ?? '')) return false
    throw error
  } finally {
    rmdirSync(probe)
  }
}

/** Makes a folder private to the server's user. */
export function giveFolder(folder: string, user: ServerUser): void {
  if (process.platform === 'win32') return
  if (user.dropped) chownSync(folder, user.uid, user.gid)
  chmodSync(folder, 0o700)
}

/** Gives a whole tree to the server's user, without following links. */
export function giveTree(path: string, user: ServerUser): void {
  lchownSync(path, user.uid, user.gid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) giveTree(join(path, name), user)
}

/**
 * The first of the folders that can be made, or is there, and that nobody else can have prepared: a real folder, ours,
 * writable by us alone, and open to the server's user. Undefined if there is none.
 */
export function firstTrustedFolder(candidates: readonly string[], user: ServerUser): string | undefined {
  return candidates.find((folder) => {
    try {
      mkdirSync(folder, { recursive: true, mode: user.dropped ? 0o755 : 0o700 })
      const stats = lstatSync(folder)
      const ours = process.getuid === undefined || stats.uid === process.getuid()
      const closed = process.platform === 'win32' || (stats.mode & 0o022) === 0
      if (!stats.isDirectory() || !ours || !closed) return false
      if (user.dropped) chmodSync(folder, 0o755)
      return canEnter(folder, user) && keepsOwnership(folder, user)
    } catch {
      return false // the next one may do; the caller reports when none does
    }
  })
}

/**
 * Writes a file so that it is there whole or not at all, also after a power cut, and belongs to the owner of its
 * folder. Replaces a link instead of writing through it.
 */
export function writeWhole(path: string, content: string, mode: number): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  const descriptor = openSync(draft, 'wx', mode)
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  giveToFolderOwner(draft)
  renameSync(draft, path)
  syncFolder(dirname(path))
}

/** Root leaves no file of its own in somebody else's folder. */
export function giveToFolderOwner(path: string): void {
  if (!runsAsRoot()) return
  const { uid, gid } = statSync(dirname(path))
  if (uid !== 0) lchownSync(path, uid, gid)
}

/** Makes renames in the folder survive a power cut. Windows neither needs nor allows it. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
