import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { banyanError } from '@banyan/errors'
import { folderUnusable, startFailed, systemCode } from './failures.js'
import { giveFolder, giveTree, syncFolder } from './folders.js'
import type { Home } from './home.js'
import { type NativePackage, programPath } from './native-package.js'
import { makePassword, superuser } from './password.js'
import { runProgram } from './program.js'
import { runsAsRoot } from './server-user.js'
import type { EmbeddedLog } from './types.js'

/**
 * Makes the cluster, the folder that PostgreSQL keeps everything in. initdb works in a draft folder that is renamed
 * when it is complete, so a cluster that is there is whole. Only a throw-away database is not `durable`: its files are
 * not written to the disk at once. Must be called by the owner of the home.
 */
export async function initializeCluster(
  home: Home,
  programs: string,
  options: { durable: boolean; log: EmbeddedLog },
): Promise<string> {
  const draft = join(home.folder, `cluster-${randomBytes(6).toString('hex')}.new`)
  const target = join(draft, 'cluster')
  mkdirSync(draft)
  giveFolder(draft, home.user)
  // The password is stored before the cluster appears: a cluster without a known password would be locked.
  const password = makePassword(home.folder)
  const passwordFile = join(draft, 'password')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' })
  if (home.user.dropped) giveTree(passwordFile, home.user)
  try {
    const { ok, output } = await runProgram(
      programPath(programs, 'initdb'),
      initdbArguments(target, passwordFile, options.durable),
      {
        user: home.user,
        folder: draft,
      },
    )
    if (!ok) throw initdbFailed(home, output)
    renameSync(target, home.cluster)
    syncFolder(home.folder)
  } finally {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 })
  }
  options.log({ level: 'info', message: `Made a new database in ${home.cluster}` })
  return password
}

function initdbArguments(cluster: string, passwordFile: string, durable: boolean): string[] {
  return [
    `--pgdata=${cluster}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own C.UTF-8 orders text alike on every platform, whatever locales the system has.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ]
}

function initdbFailed(home: Home, output: string): Error {
  const lines = output.split('\n').slice(-30)
  if (/could not look up effective user ID/.test(output)) {
    const uid = process.getuid?.()
    const summary = `user id ${uid} has no entry in /etc/passwd, which PostgreSQL asks for; add one`
    return banyanError('store-start-failed', { summary }, { details: { log: lines } })
  }
  return startFailed(home.folder, 'initdb failed', lines)
}

/**
 * Removes what an earlier start was writing when it was killed. Its initdb may still be at work in a draft, so a folder
 * that cannot be emptied is no obstacle. Must be called by the owner of the home.
 */
export async function removeDrafts(home: string): Promise<void> {
  const drafts = readdirSync(home).filter((name) => /[.-][0-9a-f]{12}\.new$/.test(name))
  for (const name of drafts) {
    try {
      await rm(join(home, name), { recursive: true, force: true, maxRetries: 3 })
    } catch (error) {
      if (systemCode(error) !== 'ENOTEMPTY') throw folderUnusable(home, error)
    }
  }
}

/**
 * Whether there is a cluster that this version can serve.
 * @throws store-version-mismatch, store-folder-unusable
 */
export function checkCluster(home: Home, native: NativePackage): boolean {
  if (!existsSync(home.cluster)) return false
  let found: string
  try {
    found = readFileSync(join(home.cluster, 'PG_VERSION'), 'utf8').trim()
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw folderUnusable(home.folder, error)
    throw folderUnusable(home.folder, `${home.cluster} is no PostgreSQL database (it has no PG_VERSION)`)
  }
  if (found !== native.major) throw banyanError('store-version-mismatch', { found, wanted: native.major })
  // Restored or copied by root: PostgreSQL wants to own it.
  if (runsAsRoot() && statSync(home.cluster).uid !== home.user.uid) giveTree(home.cluster, home.user)
  return true
}

/** Gives the superuser a new password without asking for the old one, which only works while the server is down. */
export async function resetPassword(home: Home, programs: string, log: EmbeddedLog): Promise<string> {
  const password = makePassword(home.folder)
  const { ok, output } = await runProgram(
    programPath(programs, 'postgres'),
    ['--single', '-D', home.cluster, 'postgres'],
    {
      user: home.user,
      folder: home.cluster,
      input: `ALTER ROLE ${superuser} PASSWORD '${password}'\n`,
    },
  )
  if (!ok || /ERROR|FATAL/.test(output)) {
    throw startFailed(home.folder, 'the lost password could not be replaced', output.split('\n').slice(-30))
  }
  log({ level: 'warn', message: 'The superuser password did not fit the database and was replaced' })
  return password
}
