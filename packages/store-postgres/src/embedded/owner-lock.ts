import { randomBytes } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { banyanError } from '@banyan/errors'
import { type Doorbell, hangDoorbell, ringDoorbell } from './doorbell.js'
import { folderUnusable, systemCode } from './failures.js'
import { identityOf, livenessOf, type ProcessIdentity } from './process-identity.js'

/**
 * Who owns a data folder. The lock is a sequence of files `owner-1.lock`, `owner-2.lock`, …; the highest number counts.
 *
 * I1 A lock file appears complete (hard link of a written file), and its number is given once: whoever makes number
 *    n + 1 first owns the folder; the others find it made. So two starters that both see a dead owner cannot both win.
 * I2 The highest number is never removed. Releasing replaces the file by one that says so.
 * I3 A starter that was asleep may make a number that had been removed as old. It looks again afterwards: a higher
 *    number means that it lost. Numbers are removed only when two newer ones exist, so a reading of the folder that
 *    overlaps a change still meets one of them.
 * I4 Only an owner that is certainly dead loses its folder.
 */
export interface OwnerLock {
  /** The file of this owner. */
  readonly path: string
  /** The file that appears when somebody else becomes the owner. */
  readonly successorPath: string
  /** Frees the folder. Idempotent. */
  release(): Promise<void>
}

interface OwnerRecord {
  readonly owner: ProcessIdentity
  /** Name of the socket that the owner listens on, if it could make one. */
  readonly doorbell?: string
  readonly released?: boolean
}

const lockName = (generation: number) => `owner-${generation}.lock`
const lockPattern = /^owner-(\d+)\.lock$/
const bellPattern = /^owner-[0-9a-f]+\.bell$/
const draftPattern = /^owner-[0-9a-f]+\.new$/
const attemptsMax = 20

/** @throws store-in-use when a living process owns the folder */
export async function acquireOwnerLock(folder: string): Promise<OwnerLock> {
  const token = randomBytes(8).toString('hex')
  const bellName = `owner-${token}.bell`
  const bell = await hangDoorbell(folder, bellName)
  const record: OwnerRecord = {
    owner: identityOf(process.pid),
    ...(bell === undefined ? {} : { doorbell: bellName }),
  }
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const newest = highestGeneration(folder)
      if (newest > 0) await refuseLivingOwner(folder, newest)
      const generation = newest + 1
      if (!makeLock(folder, generation, token, record)) continue // I1: somebody was faster; look who
      if (highestGeneration(folder) > generation) {
        rmSync(join(folder, lockName(generation)), { force: true }) // I3
        continue
      }
      removeOld(folder, generation)
      return heldLock(folder, generation, token, record, bell)
    }
  } catch (error) {
    await bell?.remove()
    throw folderUnusable(folder, error)
  }
  await bell?.remove()
  throw banyanError('store-in-use', { folder, pid: 'of another starter' })
}

function heldLock(folder: string, generation: number, token: string, record: OwnerRecord, bell: Doorbell | undefined) {
  const path = join(folder, lockName(generation))
  let releasing: Promise<void> | undefined
  const release = async () => {
    try {
      const replacement = join(folder, `owner-${token}.new`)
      writeFileSync(replacement, JSON.stringify({ ...record, released: true }))
      renameSync(replacement, path) // I2
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw folderUnusable(folder, error) // the folder was removed meanwhile
    } finally {
      await bell?.remove()
    }
  }
  return {
    path,
    successorPath: join(folder, lockName(generation + 1)),
    release() {
      releasing ??= release()
      return releasing
    },
  }
}

function highestGeneration(folder: string): number {
  let highest = 0
  for (const name of readdirSync(folder)) {
    const match = lockPattern.exec(name)
    if (match !== null) highest = Math.max(highest, Number(match[1]))
  }
  return highest
}

function makeLock(folder: string, generation: number, token: string, record: OwnerRecord): boolean {
  const draft = join(folder, `owner-${token}.new`)
  writeFileSync(draft, JSON.stringify(record), { mode: 0o644 })
  try {
    linkSync(draft, join(folder, lockName(generation)))
    return true
  } catch (error) {
    // The winner tidies drafts away, ours perhaps too: then there is a winner to look at.
    if (systemCode(error) === 'EEXIST' || systemCode(error) === 'ENOENT') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

async function refuseLivingOwner(folder: string, generation: number): Promise<void> {
  const record = readRecord(join(folder, lockName(generation)))
  // A lock is complete when it appears (I1), so an unreadable one was torn by a power cut: its owner is gone.
  if (record === undefined || record.released === true) return
  let liveness = livenessOf(record.owner)
  if (liveness === 'unknown' && record.doorbell !== undefined) {
    const answered = await ringDoorbell(folder, record.doorbell)
    if (answered === false) liveness = 'dead'
  }
  if (liveness === 'dead') return
  const { pid } = record.owner
  const who =
    liveness === 'unknown' ? `${pid} of another container or host` : pid === process.pid ? `${pid} (this one)` : pid
  throw banyanError('store-in-use', { folder, pid: who }, { details: { folder, pid } }) // I4
}

function readRecord(path: string): OwnerRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<OwnerRecord> | null
    return typeof value?.owner?.pid === 'number' ? (value as OwnerRecord) : undefined
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function removeOld(folder: string, generation: number): void {
  for (const name of readdirSync(folder)) {
    const match = lockPattern.exec(name)
    const old = match !== null && Number(match[1]) < generation - 1
    // The socket of a killed owner goes with its lock; those of other starters are theirs.
    const bell = old ? readRecord(join(folder, name))?.doorbell : undefined
    if (bell !== undefined && bellPattern.test(bell)) rmSync(join(folder, bell), { force: true })
    if (old || draftPattern.test(name)) rmSync(join(folder, name), { force: true })
  }
}
