import { randomBytes } from 'node:crypto'
import {
  constants,
  existsSync,
  lchownSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { chmod, copyFile, mkdir, readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { banyanError } from '@banyan/errors'
import { folderUnusable, systemCode } from './failures.js'
import { firstTrustedFolder, syncFolder } from './folders.js'
import { type NativePackage, programPath } from './native-package.js'
import { canReach, runsAsRoot, type ServerUser } from './server-user.js'
import type { EmbeddedLog } from './types.js'

/**
 * A folder with PostgreSQL's programs that the server's user can run: the package itself, or a copy of it.
 *
 * I1 npm packages carry no symbolic links; the package lists them, and its install script, which Banyan does not run,
 *    would make them. They are made here.
 * I2 A copy appears whole (rename), is named after its version, and is checked by the sizes of its files before it is
 *    used: a thousand looks cost less than writing a thousand files to the disk one by one.
 * I3 A copy lies where only this user can write: what is run must not be somebody else's.
 */
export async function nativeFiles(native: NativePackage, user: ServerUser, log: EmbeddedLog): Promise<string> {
  const reachable = canReach(programPath(native.folder, 'postgres'), user) && canReach(join(native.folder, 'lib'), user)
  if (reachable && linkLibraries(native.folder)) return native.folder
  const reason = reachable
    ? 'its folder cannot be written, and library links are missing in it'
    : `user ${user.name} cannot reach it`
  return copyOf(native, user, reason, log)
}

interface LibraryLink {
  readonly path: string
  readonly target: string
}

function libraryLinks(folder: string): LibraryLink[] {
  const list = join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  return links.map(({ source, target }) => ({
    path: join(folder, relative('native', target)), // as listed, paths begin with the folder's name in the package
    target: basename(source), // all links lead to a file beside them
  }))
}

/** Makes the missing links (I1). Tells whether all are there. */
function linkLibraries(folder: string): boolean {
  for (const { path, target } of libraryLinks(folder)) {
    if (existsSync(path)) continue
    try {
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) unlinkSync(path) // it leads nowhere
      symlinkSync(target, path)
      if (runsAsRoot()) {
        const { uid, gid } = statSync(dirname(path))
        lchownSync(path, uid, gid)
      }
    } catch (error) {
      // Another process may be making the same links right now.
      if (!existsSync(path) && systemCode(error) !== 'EEXIST') return false
    }
  }
  return true
}

function cacheCandidates(): string[] {
  const temporary = `/var/tmp/banyan-${process.getuid?.() ?? 0}`
  if (process.platform === 'win32') return [join(process.env.LOCALAPPDATA ?? homedir(), 'banyan')]
  if (runsAsRoot()) return ['/var/cache/banyan', temporary]
  const shared = process.env.XDG_CACHE_HOME
  return [shared ? join(shared, 'banyan') : join(homedir(), '.cache', 'banyan'), temporary]
}

async function copyOf(native: NativePackage, user: ServerUser, reason: string, log: EmbeddedLog): Promise<string> {
  const candidates = cacheCandidates()
  const base = firstTrustedFolder(candidates, user) // I3
  if (base === undefined) {
    const summary = `PostgreSQL's programs must be copied (${reason}), and none of ${candidates.join(', ')} can hold them`
    throw banyanError('store-folder-unusable', { folder: native.folder, summary })
  }
  const copy = join(base, `postgres-${native.platform}-${native.packageVersion}`)
  if (isWhole(native.folder, copy)) return copy
  const draft = `${copy}.${randomBytes(6).toString('hex')}.new`
  try {
    await copyTree(native.folder, draft)
    if (!linkLibraries(draft)) throw folderUnusable(draft, 'library links cannot be made in it')
    setAside(copy)
    renameSync(draft, copy)
    syncFolder(base)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Another process was faster: its copy is as good.
    if (!isWhole(native.folder, copy)) throw folderUnusable(base, error)
  }
  log({ level: 'info', message: `Copied PostgreSQL's programs to ${copy}: ${reason}`, copy })
  return copy
}

/** Whether every file of the copy has the size of its original: a power cut may have left empty ones. */
function isWhole(original: string, copy: string): boolean {
  if (!existsSync(copy)) return false
  return readdirSync(original, { withFileTypes: true }).every((entry) => {
    const source = join(original, entry.name)
    const target = join(copy, entry.name)
    if (entry.isDirectory()) return isWhole(source, target)
    return !entry.isFile() || statSync(source).size === statSync(target, { throwIfNoEntry: false })?.size
  })
}

function setAside(copy: string): void {
  if (!existsSync(copy)) return
  const aside = `${copy}.${randomBytes(6).toString('hex')}.old`
  renameSync(copy, aside)
  rmSync(aside, { recursive: true, force: true })
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to)
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isDirectory()) await copyTree(source, target)
    else if (entry.isFile()) await copyWhole(source, target)
  }
}

async function copyWhole(source: string, target: string): Promise<void> {
  await copyFile(source, target, constants.COPYFILE_FICLONE)
  await chmod(target, (await stat(target)).mode & 0o111 ? 0o755 : 0o644)
}
