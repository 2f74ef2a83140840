import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from './failures.js'
import { writeWhole } from './folders.js'
import type { Home } from './home.js'
import { isRunning, worksIn } from './process-identity.js'

/** What a running server, or one that was killed, tells about itself in its cluster (postmaster.pid). */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number
  /** Folder of its Unix socket, empty if it has none. */
  readonly socketFolder: string
  readonly ready: boolean
}

const fileName = 'postmaster.pid'

export const postmasterFilePath = (home: Home) => join(home.cluster, fileName)

export function readPostmasterFile(home: Home): PostmasterFile | undefined {
  let lines: string[]
  try {
    lines = readFileSync(postmasterFilePath(home), 'utf8').split('\n')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
  return {
    pid: Number(lines[0]),
    port: Number(lines[3] ?? 0),
    socketFolder: (lines[4] ?? '').trim(),
    ready: (lines[7] ?? '').trim() === 'ready',
  }
}

/**
 * Whether the process that the file names is a server of this cluster. After a power cut the same number may be
 * anybody's. On Windows a running process counts as the server: it is only ever asked, never killed by its number.
 */
export function isServing(home: Home, { pid }: PostmasterFile): boolean {
  if (!isRunning(pid) || pid === process.pid) return false
  return worksIn(pid, home.cluster) ?? process.platform === 'win32'
}

// No system gives out this process id.
const nobodysPid = 2_147_483_647

/**
 * Lets the next server start although the file of a dead one names a process that runs: PostgreSQL would refuse. The
 * file stays, with another number, because its last lines let PostgreSQL notice processes of the old server that still
 * use the memory they shared; without them it would start beside these and destroy the data.
 */
export function disownPostmasterFile(home: Home): void {
  const path = postmasterFilePath(home)
  const [, ...rest] = readFileSync(path, 'utf8').split('\n')
  writeWhole(path, [String(nobodysPid), ...rest].join('\n'), 0o600)
}
