import { spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { systemCode } from './failures.js'

/**
 * Which process somebody is, beyond a number that the system gives out again.
 *
 * I1 A process id counts only together with the time its process started, the boot it belongs to, and the namespace
 *    that numbers it, wherever the platform tells them.
 * I2 What cannot be compared is `unknown`, never `dead`.
 */
export interface ProcessIdentity {
  readonly pid: number
  /** When the process started, in the platform's own words; only compared for equality. */
  readonly start?: string
  /** Which boot of which kernel. */
  readonly boot?: string
  /** Which namespace numbers the process: a container has its own. */
  readonly namespace?: string
}

export type Liveness = 'alive' | 'dead' | 'unknown'

const linux = process.platform === 'linux'

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined // not there, or not for us to see: the caller decides what that means
  }
}

/** The fields of /proc/PID/stat from the state on; the name before them may contain spaces and brackets. */
function processFields(pid: number): readonly string[] | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

function startOf(pid: number): string | undefined {
  if (linux) return processFields(pid)?.[19]
  if (process.platform === 'win32') return undefined
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
  return status === 0 && stdout.trim() !== '' ? stdout.trim() : undefined
}

/** The identity of a process that runs now. */
export function identityOf(pid: number): ProcessIdentity {
  const start = startOf(pid)
  const boot = linux ? attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()) : undefined
  const namespace = linux ? attempt(() => readlinkSync(`/proc/${pid}/ns/pid`)) : undefined
  return {
    pid,
    ...(start === undefined ? {} : { start }),
    ...(boot === undefined ? {} : { boot }),
    ...(namespace === undefined ? {} : { namespace }),
  }
}

/** Whether the system knows a process with this id: also a zombie, which has ended and whose parent was not told yet. */
export function isKnown(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

/** Whether a process with this id runs: a zombie does not. */
export function isRunning(pid: number): boolean {
  if (!isKnown(pid)) return false
  const state = linux ? processFields(pid)?.[0] : undefined
  return state !== 'Z' && state !== 'X'
}

/** Whether the very process of an identity still runs. */
export function livenessOf(identity: ProcessIdentity): Liveness {
  const own = identityOf(process.pid)
  if (differ(identity.boot, own.boot)) return 'dead'
  if (differ(identity.namespace, own.namespace)) return 'unknown' // I2
  if (!isRunning(identity.pid)) return 'dead'
  return differ(identity.start, startOf(identity.pid)) ? 'dead' : 'alive' // I1
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other
}

/**
 * Whether a process works in a folder: every process of a PostgreSQL server does in its cluster. Elsewhere than on
 * Linux its command line is what tells. Undefined on Windows, and when the process is hidden from us.
 */
export function worksIn(pid: number, folder: string): boolean | undefined {
  if (process.platform === 'win32') return undefined
  if (!linux) {
    const { status, stdout } = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
    return status === 0 ? stdout.includes(folder) : undefined
  }
  const here = attempt(() => statSync(folder))
  const there = attempt(() => statSync(`/proc/${pid}/cwd`))
  if (here === undefined || there === undefined) return undefined
  return here.dev === there.dev && here.ino === there.ino
}
