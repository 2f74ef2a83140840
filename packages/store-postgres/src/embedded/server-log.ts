import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { giveToFolderOwner } from './folders.js'

/**
 * The server writes its log to a file, not to a pipe of ours: it must be able to go on without us. The file is kept
 * small by us: set aside at a start, emptied (the server appends, so this is safe) while it runs.
 */
export interface ServerLog {
  readonly path: string
  /** For the server's output; the caller closes it once the server has it. */
  readonly descriptor: number
  /** The last lines written since the log was opened, at most 30. */
  tail(): string[]
}

const startBytesMax = 1024 * 1024
const runningBytesMax = 8 * 1024 * 1024
const tailBytes = 8192
const tailLines = 30

export const serverLogPath = (home: string) => join(home, 'server.log')

export function openServerLog(home: string): ServerLog {
  const path = serverLogPath(home)
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > startBytesMax) renameSync(path, `${path}.1`)
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)
  const descriptor = openSync(path, flags, 0o600)
  giveToFolderOwner(path)
  const from = fstatSync(descriptor).size
  return { path, descriptor, tail: () => readTail(path, from) }
}

function readTail(path: string, from: number): string[] {
  const descriptor = openSync(path, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const start = Math.max(Math.min(from, size), size - tailBytes)
    const bytes = Buffer.alloc(size - start)
    readSync(descriptor, bytes, 0, bytes.length, start)
    return bytes
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-tailLines)
  } finally {
    closeSync(descriptor)
  }
}

/** Keeps the log of a running server small. */
export function trimServerLog(home: string): void {
  const path = serverLogPath(home)
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= runningBytesMax) return
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
}
