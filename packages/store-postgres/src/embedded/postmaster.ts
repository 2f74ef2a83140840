import { spawn } from 'node:child_process'
import { closeSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { BanyanError } from '@banyan/errors'
import { clearSocket, type Endpoint } from './endpoint.js'
import { startFailed, systemCode } from './failures.js'
import type { Home } from './home.js'
import { programPath } from './native-package.js'
import { disownPostmasterFile, isServing, readPostmasterFile } from './postmaster-file.js'
import { isKnown, isRunning, worksIn } from './process-identity.js'
import { asUser, programEnvironment, programUnusable, runProgram } from './program.js'
import { openServerLog, type ServerLog } from './server-log.js'
import { settingsFileName } from './settings.js'
import type { EmbeddedLog } from './types.js'
import { waitFor } from './wait.js'

/** The first process of a running server. */
export interface Postmaster {
  readonly pid: number
  /** Resolves, in words, when the process has ended. Waiting for it does not keep this process alive. */
  readonly ended: Promise<string>
}

export interface Launch {
  readonly home: Home
  readonly endpoint: Endpoint
  /** The folder with PostgreSQL's programs. */
  readonly programs: string
  readonly log: EmbeddedLog
}

const readyPollMs = 5
// Recovery after a crash replays at most max_wal_size; a slow disk may take a minute for it.
const readyAttempts = 24_000
const endedPollMs = 200

/**
 * Starts the server and waits until it takes connections. The server gets a session of its own, so that Ctrl-C in a
 * terminal reaches Banyan alone, which first finishes its work.
 * @throws store-start-failed, store-folder-unusable, store-platform-missing
 */
export async function launchPostmaster(launch: Launch): Promise<Postmaster> {
  await clearLeftovers(launch)
  const serverLog = openServerLog(launch.home.folder)
  try {
    return process.platform === 'win32'
      ? await launchByControl(launch, serverLog)
      : await launchDirectly(launch, serverLog)
  } finally {
    closeSync(serverLog.descriptor)
  }
}

const settingsArgument = ({ home }: Launch) => `--config_file=${join(home.folder, settingsFileName)}`

async function launchDirectly(launch: Launch, serverLog: ServerLog): Promise<Postmaster> {
  const { home, programs, log } = launch
  const path = programPath(programs, 'postgres')
  const child = spawn(path, ['-D', home.cluster, settingsArgument(launch)], {
    ...asUser(home.user),
    cwd: home.cluster,
    env: programEnvironment(),
    stdio: ['ignore', serverLog.descriptor, serverLog.descriptor],
    detached: true,
  })
  let failure: Error | undefined
  let end: string | undefined
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      failure = programUnusable(path, home.cluster, error)
      resolve(error.message)
    })
    child.once('exit', (code, signal) => {
      end = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`
      resolve(end)
    })
  })
  child.unref()
  let polls = 0
  const outcome = await waitFor(
    () => {
      if (failure !== undefined || end !== undefined) return 'ended'
      const file = readPostmasterFile(home)
      if (file?.ready === true && file.pid === child.pid) return 'ready'
      if (++polls % 1000 === 0)
        log({ level: 'info', message: 'PostgreSQL is still starting (recovering after a crash)' })
      return undefined
    },
    { everyMs: readyPollMs, attempts: readyAttempts },
  )
  if (failure !== undefined) throw failure
  if (outcome === 'ready' && child.pid !== undefined) return { pid: child.pid, ended }
  if (outcome === undefined && child.pid !== undefined) await endProcess(child.pid, ended, log)
  throw startFailed(home.folder, end ?? 'it did not become ready', serverLog.tail())
}

// Windows: PostgreSQL refuses an administrator; pg_ctl starts it with lesser rights.
async function launchByControl(launch: Launch, serverLog: ServerLog): Promise<Postmaster> {
  const { home, programs } = launch
  const args = [
    'start',
    '-D',
    home.cluster,
    '-w',
    '-t',
    '120',
    '-l',
    serverLog.path,
    '-o',
    `"${settingsArgument(launch)}"`,
  ]
  const { ok, output } = await runProgram(programPath(programs, 'pg_ctl'), args, {
    user: home.user,
    folder: home.cluster,
  })
  const pid = readPostmasterFile(home)?.pid
  if (!ok || pid === undefined) {
    throw startFailed(home.folder, 'pg_ctl failed', [...output.split('\n'), ...serverLog.tail()])
  }
  return observe(pid)
}

/** A server that is not a child of this process: nothing tells of its end, so it is looked at. */
export function observe(pid: number): Postmaster {
  const ended = new Promise<string>((resolve) => {
    const timer = setInterval(() => {
      if (isRunning(pid)) return
      clearInterval(timer)
      resolve('it ended')
    }, endedPollMs)
    timer.unref()
  })
  return { pid, ended }
}

/** What a killed server left: its file, its socket, and its processes, which may still write. */
async function clearLeftovers({ home, endpoint, log }: Launch): Promise<void> {
  const file = readPostmasterFile(home)
  if (file !== undefined) {
    await endWorkers(home, log)
    // PostgreSQL would take another program, and a server that died a moment ago, for one that runs.
    if (isKnown(file.pid) && !isServing(home, file)) {
      log({ level: 'debug', message: `postmaster.pid names process ${file.pid}, which is no server any more` })
      disownPostmasterFile(home)
    }
  }
  clearSocket(endpoint)
}

/** Processes of the cluster whose postmaster is gone end by themselves, unless they are busy. */
async function endWorkers(home: Home, log: EmbeddedLog): Promise<void> {
  if (process.platform !== 'linux') return // PostgreSQL itself refuses to start beside them
  const workers = () => {
    const left = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && worksIn(Number(name), home.cluster))
    return left.map(Number).filter((pid) => isRunning(pid) && pid !== process.pid)
  }
  const none = () => (workers().length === 0 ? true : undefined)
  if (await waitFor(none, { everyMs: 20, attempts: 50 })) return
  for (const [signal, attempts] of [
    ['SIGQUIT', 150],
    ['SIGKILL', 250],
  ] as const) {
    log({ level: 'warn', message: `Processes of a killed PostgreSQL go on; sending ${signal}`, pids: workers() })
    for (const pid of workers()) signalProcess(pid, signal)
    if (await waitFor(none, { everyMs: 20, attempts })) return
  }
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error // it ended meanwhile
  }
}

/** Each signal with how long it is given, in milliseconds: fast shutdown with a checkpoint, immediate shutdown, the end. */
const endings = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 10_000],
] as const

async function endProcess(pid: number, ended: Promise<string>, log: EmbeddedLog): Promise<void> {
  for (const [signal, patienceMs] of endings) {
    signalProcess(pid, signal)
    const patience = new AbortController()
    const result = await Promise.race([
      ended.then(() => true),
      delay(patienceMs, false, { signal: patience.signal }).catch(() => false),
    ])
    patience.abort()
    if (result || !isRunning(pid)) return
    log({ level: 'warn', message: `PostgreSQL did not end within ${patienceMs} ms after ${signal}`, pid })
  }
}

/** Ends a server in order, by force if that takes too long. */
export async function endServer(launch: Omit<Launch, 'endpoint'>, { pid, ended }: Postmaster): Promise<void> {
  if (process.platform !== 'win32') return endProcess(pid, ended, launch.log)
  // Windows has no signals: pg_ctl asks the server to shut down.
  for (const mode of ['fast', 'immediate']) {
    const args = ['stop', '-D', launch.home.cluster, '-w', '-t', '30', '-m', mode]
    const path = programPath(launch.programs, 'pg_ctl')
    const { ok } = await runProgram(path, args, { user: launch.home.user, folder: launch.home.cluster })
    if (ok) return
    launch.log({ level: 'warn', message: `PostgreSQL did not end by a ${mode} shutdown` })
  }
}

/** A start that another attempt may mend: the old server's memory is still in use, or the port was taken meanwhile. */
export function isPassing(error: BanyanError): boolean {
  const { log } = (error.details ?? {}) as { log?: readonly string[] }
  return (
    log?.some((line) => /pre-existing shared memory block|Address already in use|could not bind/.test(line)) === true
  )
}
