import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { banyanError } from '@banyan/errors'
import { folderUnusable, systemCode } from './failures.js'
import { firstTrustedFolder, keepsOwnership, makeFolders, writeWhole } from './folders.js'
import { canEnter, chooseServerUser, runsAsRoot, type ServerUser } from './server-user.js'
import type { EmbeddedLog } from './types.js'

/**
 * Where the database lies. Its home is the data folder itself, unless the server's user cannot get there (a checkout
 * under a closed home folder, started by root) or the file system keeps no permissions; then a folder outside, which
 * `location.json` in the data folder names.
 *
 * I1 A data folder that has a cluster is never led elsewhere: unreachable is an error, not an empty database.
 * I2 A home outside belongs to one data folder: a copied data folder is refused.
 * I3 A home outside is never in a folder that is wiped, nor in one that another user could have prepared.
 */
export interface Home {
  readonly folder: string
  /** The folder that PostgreSQL calls its data directory. */
  readonly cluster: string
  readonly user: ServerUser
}

const pointerName = 'location.json'
const originName = 'origin.json'

/** @throws store-folder-unusable */
export function prepareHome(dataDir: string, log: EmbeddedLog): Home {
  const folder = resolve(dataDir)
  try {
    const pointed = readPath(join(folder, pointerName), 'folder')
    const user = userFor(folder, join(pointed ?? folder, 'cluster'))
    makeFolders(folder, user)
    return settle(realpathSync(folder), pointed, user, log)
  } catch (error) {
    throw folderUnusable(folder, error)
  }
}

function settle(folder: string, pointed: string | undefined, user: ServerUser, log: EmbeddedLog): Home {
  const home = pointed === undefined ? newHome(folder, user, log) : knownHome(folder, pointed)
  const cluster = join(home, 'cluster')
  checkOwner(home, cluster, user)
  if (user.dropped) {
    log({ level: 'info', message: `PostgreSQL runs as user ${user.name}, because it refuses root`, uid: user.uid })
  }
  return { folder: home, cluster, user }
}

function userFor(folder: string, cluster: string): ServerUser {
  const user = chooseServerUser(folder, cluster)
  if (user !== undefined) return user
  const summary = 'PostgreSQL refuses to run as root, and there is no other user to run it as (postgres, nobody)'
  throw banyanError('store-folder-unusable', { folder, summary })
}

function newHome(folder: string, user: ServerUser, log: EmbeddedLog): string {
  const occupied = existsSync(join(folder, 'cluster'))
  openTo(folder, user)
  const reachable = canEnter(folder, user)
  if (occupied && !reachable) {
    throw folderUnusable(folder, `user ${user.name}, who runs PostgreSQL, cannot get there; open the folders above it`) // I1
  }
  if (occupied || (reachable && keepsOwnership(folder, user))) return folder
  const reason = reachable
    ? 'its file system does not keep owners and permissions'
    : `user ${user.name}, who runs PostgreSQL, cannot get there`
  return makeOutside(folder, user, reason, log)
}

/** The data folder is Banyan's: others may pass through it to what is theirs, and read nothing but what is meant for them. */
function openTo(folder: string, user: ServerUser): void {
  const stats = statSync(folder)
  if (user.dropped && stats.uid !== user.uid) chmodSync(folder, (stats.mode & 0o777) | 0o111)
}

function outsideCandidates(): string[] {
  const temporary = `/var/tmp/banyan-${process.getuid?.() ?? 0}` // kept over a reboot, unlike /tmp
  if (runsAsRoot()) return ['/var/lib/banyan', temporary]
  const shared = process.env.XDG_DATA_HOME
  return [shared ? join(shared, 'banyan') : join(homedir(), '.local', 'share', 'banyan'), temporary]
}

function makeOutside(folder: string, user: ServerUser, reason: string, log: EmbeddedLog): string {
  const candidates = outsideCandidates()
  const base = firstTrustedFolder(candidates, user)
  if (base === undefined) {
    throw folderUnusable(folder, `${reason}, and neither ${candidates.join(' nor ')} can hold the database`)
  }
  const hash = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 16)
  const home = join(base, `${hash}-${randomBytes(4).toString('hex')}`)
  mkdirSync(home, { mode: 0o711 })
  openTo(home, user)
  writeWhole(join(home, originName), JSON.stringify({ folder: realpathSync(folder) }), 0o644)
  // Made whole, then linked into place: of two starters at once, one names the home and the other follows.
  const draft = join(folder, `${pointerName}.${hash}-${process.pid}`)
  writeWhole(draft, JSON.stringify({ folder: home }), 0o644)
  try {
    linkSync(draft, join(folder, pointerName))
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
    rmSync(home, { recursive: true, force: true })
    return knownHome(folder, readPath(join(folder, pointerName), 'folder') ?? '')
  } finally {
    rmSync(draft, { force: true })
  }
  log({
    level: 'warn',
    message: `The database of ${folder} lies in ${home}: ${reason}. Removing it means removing both folders`,
    folder,
    home,
  })
  return home
}

function knownHome(folder: string, home: string): string {
  const stats = lstatSync(home, { throwIfNoEntry: false })
  if (stats === undefined) {
    throw folderUnusable(
      folder,
      `${pointerName} names ${home}, which is gone; remove ${pointerName} to begin an empty database`,
    )
  }
  if (!stats.isDirectory() || (process.getuid !== undefined && stats.uid !== process.getuid())) {
    throw folderUnusable(folder, `${pointerName} names ${home}, which is not a folder of this user`) // I3
  }
  const here = realpathSync(folder)
  const origin = readPath(join(home, originName), 'folder')
  if (origin === here) return home
  if (origin !== undefined && readPath(join(origin, pointerName), 'folder') === home) {
    const remedy = `remove ${pointerName} here to begin an empty database`
    throw folderUnusable(folder, `it is a copy of ${origin}, whose database lies in ${home}; ${remedy}`) // I2
  }
  writeWhole(join(home, originName), JSON.stringify({ folder: here }), 0o644) // the data folder was moved
  return home
}

function checkOwner(home: string, cluster: string, user: ServerUser): void {
  const stats = statSync(cluster, { throwIfNoEntry: false })
  if (stats === undefined || process.getuid === undefined || user.dropped || stats.uid === user.uid) return
  throw folderUnusable(home, `its database belongs to user id ${stats.uid}, and this process runs as ${user.uid}`)
}

/** A path that a small JSON file names, or undefined if the file is not there. */
function readPath(file: string, name: string): string | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
  const value = (JSON.parse(text) as Record<string, unknown>)[name]
  if (typeof value !== 'string') throw new Error(`${file} names no ${name}`)
  return value
}
