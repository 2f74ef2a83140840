import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The user that the server's processes run as. PostgreSQL refuses to run as root. */
export interface ServerUser {
  /** -1 on Windows, where users have no number. */
  readonly uid: number
  readonly gid: number
  readonly name: string
  /** Whether it is another user than that of this process, which is root then. */
  readonly dropped: boolean
}

// Databases of services run as `postgres` by convention; `nobody` exists everywhere.
const serviceUsers = ['postgres', '_postgres', 'nobody']

export function runsAsRoot(): boolean {
  return process.getuid?.() === 0
}

/**
 * Chooses the user. As root: the owner of `cluster` if there is one; otherwise the owner of the nearest folder at or
 * above `folder` that is not root's, so that the same project can be started later without root; otherwise a service
 * user. Undefined if there is none to drop to.
 */
export function chooseServerUser(folder: string, cluster: string): ServerUser | undefined {
  if (!runsAsRoot()) {
    return { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1, name: 'the current user', dropped: false }
  }
  const owner = statSync(cluster, { throwIfNoEntry: false })
  // An existing cluster needs no entry in the user list: only initdb looks the name up.
  if (owner !== undefined && owner.uid !== 0) {
    return userById(owner.uid) ?? { uid: owner.uid, gid: owner.gid, name: String(owner.uid), dropped: true }
  }
  const owned = nearestOwner(folder)
  if (owned !== undefined) return owned
  for (const name of serviceUsers) {
    const user = userByName(name)
    if (user !== undefined) return user
  }
  return undefined
}

function nearestOwner(folder: string): ServerUser | undefined {
  for (let path = folder; ; path = dirname(path)) {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats !== undefined && stats.uid !== 0) {
      const user = userById(stats.uid)
      if (user !== undefined) return user
    }
    if (path === dirname(path)) return undefined
  }
}

function userByName(name: string): ServerUser | undefined {
  return listedUsers().find((user) => user.name === name) ?? userByCommand(name)
}

function userById(uid: number): ServerUser | undefined {
  return listedUsers().find((user) => user.uid === uid) ?? userByCommand(String(uid))
}

function listedUsers(): ServerUser[] {
  let text: string
  try {
    text = readFileSync('/etc/passwd', 'utf8')
  } catch {
    return [] // no such list here: `id` knows
  }
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':')
    if (!name || !uid || !gid || Number(uid) === 0) return []
    return [{ uid: Number(uid), gid: Number(gid), name, dropped: true }]
  })
}

// Users that live in a directory service or, on macOS, outside /etc/passwd.
function userByCommand(nameOrId: string): ServerUser | undefined {
  const ask = (...flags: string[]) => {
    const { status, stdout } = spawnSync('id', [...flags, '--', nameOrId], { encoding: 'utf8' })
    return status === 0 ? stdout.trim() : undefined
  }
  const uid = Number(ask('-u') ?? 0)
  const name = ask('-un')
  if (!(uid > 0) || name === undefined) return undefined
  return { uid, gid: Number(ask('-g')), name, dropped: true }
}

/**
 * Whether the user gets through all folders above `path` and may read (and enter) `path` itself. Judged by owner, group
 * and mode; finer access lists only ever show as an error of the start.
 */
export function canReach(path: string, user: ServerUser): boolean {
  if (!user.dropped) {
    try {
      accessSync(path, constants.R_OK | constants.X_OK)
      return true
    } catch {
      return false // that is the answer
    }
  }
  if (!allows(statSync(path, { throwIfNoEntry: false }), user, 0o5)) return false
  return canEnter(dirname(path), user)
}

/** Whether the user gets through `path` and all folders above it. */
export function canEnter(path: string, user: ServerUser): boolean {
  if (!user.dropped) return true
  for (let folder = path; ; folder = dirname(folder)) {
    if (!allows(statSync(folder, { throwIfNoEntry: false }), user, 0o1)) return false
    if (folder === dirname(folder)) return true
  }
}

function allows(stats: Stats | undefined, user: ServerUser, wanted: number): boolean {
  if (stats === undefined) return false
  const shift = stats.uid === user.uid ? 6 : stats.gid === user.gid ? 3 : 0
  return ((stats.mode >> shift) & wanted) === wanted
}
