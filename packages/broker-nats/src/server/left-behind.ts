import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { banyanError } from '@banyan/errors'

/** The command line of a process; empty when there is no such process any more; undefined when nothing here tells it. */
export type CommandOf = (pid: number) => Promise<string | undefined>

export interface LeftBehindOptions {
  /** Holds the number of the process. */
  readonly pidFile: string
  /** What the command line of a server of this folder holds, and no other. */
  readonly mark: string
  readonly commandOf?: CommandOf
}

const patienceMs = 10_000
const pollMs = 50

/**
 * Ends the server that a killed owner left behind. Its number may belong to another program by now: only what surely is the
 * server is ended.
 * @throws broker-start-failed when it does not end, and when nobody can tell whether it is the server: two would use one store
 */
export async function endLeftBehind({ pidFile, mark, commandOf = commandOfProcess }: LeftBehindOptions): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => '')) // no file: nothing was left
  if (!Number.isSafeInteger(pid) || pid <= 1) return
  const command = await commandOf(pid)
  if (command === undefined)
    throw banyanError('broker-start-failed', {
      summary: `process ${pid} may be the server of an owner that was killed; end it if it is, then remove ${pidFile}`,
    })
  if (!command.includes(mark)) return
  process.kill(pid, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollMs) {
    if ((await commandOf(pid))?.includes(mark) === false) return
    await new Promise((done) => setTimeout(done, pollMs))
  }
  throw banyanError('broker-start-failed', { summary: `process ${pid}, which was left behind, does not end` })
}

/** From /proc where there is one, since small images have no `ps`; else by `ps`, which Windows does not have. */
export async function commandOfProcess(pid: number, procFolder = '/proc'): Promise<string | undefined> {
  if (!isThere(pid)) return ''
  if (existsSync(`${procFolder}/self/cmdline`)) return commandInProc(pid, procFolder)
  try {
    return (await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout
  } catch {
    return isThere(pid) ? undefined : '' // it fails when there is no such process, and where there is no such program
  }
}

async function commandInProc(pid: number, procFolder: string): Promise<string | undefined> {
  try {
    return (await readFile(`${procFolder}/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
  } catch {
    return isThere(pid) ? undefined : '' // it ended meanwhile, or those of others are hidden
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
