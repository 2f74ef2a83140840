import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { banyanError } from '@banyan/errors'
import { folderUnusable, systemCode } from './failures.js'
import type { ServerUser } from './server-user.js'

/** How a program ended, with its output of at most 64 kB. */
export interface ProgramResult {
  readonly ok: boolean
  readonly output: string
}

const outputCharactersMax = 65_536
// What Windows programs need to start at all. Everything else stays out: PG* variables would change what the programs
// do, and secrets of the app have no place in the server.
const passedOn = ['SystemRoot', 'SystemDrive', 'TEMP', 'TMP', 'PATH']

export function programEnvironment(): Record<string, string> {
  const environment: Record<string, string> = { LC_ALL: 'C', TZ: 'UTC' }
  for (const name of passedOn) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}

/** The part of spawn's options that makes a child run as the server's user. */
export function asUser(user: ServerUser): { uid?: number; gid?: number } {
  return user.dropped ? { uid: user.uid, gid: user.gid } : {}
}

/** Runs a program of PostgreSQL to its end. */
export async function runProgram(
  path: string,
  args: readonly string[],
  options: { user: ServerUser; folder: string; input?: string },
): Promise<ProgramResult> {
  const child = spawn(path, args, {
    ...asUser(options.user),
    cwd: options.folder,
    env: programEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  })
  let output = ''
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-outputCharactersMax)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  child.stdin.on('error', () => undefined) // it may end without reading; its exit code tells
  child.stdin.end(options.input ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(programUnusable(path, options.folder, error)))
    child.once('close', (code) => resolve({ ok: code === 0, output }))
  })
}

/** What it means that a program that is there cannot be started in a folder. */
export function programUnusable(path: string, folder: string, error: Error): Error {
  if (!existsSync(folder)) return folderUnusable(folder, 'it is gone')
  const platform = `${process.platform}-${process.arch}`
  // The file is there: what is missing is its loader. The packages are built for glibc, Alpine has musl.
  if (systemCode(error) === 'ENOENT') {
    return banyanError('store-platform-missing', { platform: `${platform} without glibc` }, { cause: error })
  }
  return banyanError('store-start-failed', { summary: `${path} cannot be run (${error.message})` }, { cause: error })
}
