import { setTimeout as delay } from 'node:timers/promises'
import { type BanyanError, banyanError, isBanyanError } from '@banyan/errors'
import { folderUnusable, systemCode } from './failures.js'
import { endServer, isPassing, type Launch, launchPostmaster, type Postmaster } from './postmaster.js'
import { trimServerLog } from './server-log.js'
import type { EmbeddedClosed } from './types.js'

/**
 * Keeps one server running until it is stopped.
 *
 * I1 At most one launch is under way; stop waits for it, so nothing is started after stop.
 * I2 Restarts are bounded: five in a minute, with growing pauses; then the server is gone for good.
 * I3 Whatever ends the server for good runs `onEnd` once, before `closed` resolves: the data folder is free then.
 */
export interface Supervisor {
  readonly pid: number
  readonly closed: Promise<EmbeddedClosed>
  stop(): Promise<void>
}

const restartsMax = 5
const restartWindowMs = 60_000
const restartPausesMs = [0, 100, 500, 1_000, 2_000]
const trimEveryMs = 60_000

interface Supervised {
  readonly launch: Launch
  readonly postmaster: Postmaster
  readonly restart: boolean
  onEnd(): Promise<void>
}

export function supervise({ launch, postmaster, restart, onEnd }: Supervised): Supervisor {
  const { log, home } = launch
  let current = postmaster
  const restarts = restartBudget()
  const endTrimming = keepLogSmall(home.folder, log)
  let restarting: Promise<void> = Promise.resolve()
  let stopping: Promise<void> | undefined
  let over = false
  const { promise: closed, resolve: resolveClosed } = withResolvers<EmbeddedClosed>()

  async function finish(outcome: EmbeddedClosed): Promise<void> {
    if (over) return
    over = true
    endTrimming()
    try {
      await onEnd() // I3
    } finally {
      resolveClosed(outcome)
    }
  }

  async function startAgain(reason: string): Promise<void> {
    let problem: BanyanError = banyanError('store-start-failed', { summary: `${reason}, again and again` })
    while (stopping === undefined && restarts.left()) {
      await delay(restarts.take())
      if (stopping !== undefined) return
      try {
        current = await launchPatiently(launch)
        log({ level: 'warn', message: 'PostgreSQL runs again; what was committed is there', pid: current.pid })
        watch(current)
        return
      } catch (error) {
        problem = asBanyanError(error, home.folder)
        log({ level: 'error', message: problem.message, error: problem })
      }
    }
    if (stopping === undefined) await finish({ reason: 'gave-up', error: problem }) // I2
  }

  async function onDeath(reason: string): Promise<void> {
    log({ level: 'error', message: `PostgreSQL died by itself: ${reason}`, pid: current.pid })
    if (restart) return startAgain(reason)
    await finish({ reason: 'died', error: banyanError('store-start-failed', { summary: `it died later: ${reason}` }) })
  }

  function watch(watched: Postmaster): void {
    void watched.ended.then((reason) => {
      if (stopping !== undefined || over) return
      restarting = onDeath(reason).catch((error) => {
        log({ level: 'error', message: `The data folder could not be freed: ${String(error)}`, error })
      })
    })
  }

  async function stopServer(): Promise<void> {
    await restarting // I1
    if (over) return
    await endServer(launch, current)
    await finish({ reason: 'stopped' })
  }

  watch(current)
  return {
    get pid() {
      return current.pid
    },
    closed,
    stop: () => (stopping ??= stopServer()),
  }
}

/** Counts restarts of the last minute (I2). A restart that is taken tells how long to wait before it, in milliseconds. */
function restartBudget() {
  let recent = 0
  return {
    left: () => recent < restartsMax,
    take(): number {
      setTimeout(() => recent--, restartWindowMs).unref()
      return restartPausesMs[recent++] ?? 0
    },
  }
}

function keepLogSmall(folder: string, log: Launch['log']): () => void {
  const timer = setInterval(() => {
    try {
      trimServerLog(folder)
    } catch (error) {
      log({ level: 'warn', message: `The log of PostgreSQL could not be trimmed: ${String(error)}`, error })
    }
  }, trimEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}

function asBanyanError(error: unknown, folder: string): BanyanError {
  if (isBanyanError(error) || systemCode(error) !== undefined) return folderUnusable(folder, error)
  return banyanError('store-start-failed', { summary: String(error) }, { cause: error })
}

/** Launches, again where only something passing is in the way. */
export async function launchPatiently(launch: Launch): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launchPostmaster(launch)
    } catch (error) {
      if (attempt >= 20 || !isBanyanError(error) || !isPassing(error)) throw error
      await delay(200)
    }
  }
}

// Promise.withResolvers came with Node 22.
function withResolvers<Value>() {
  let resolve: (value: Value) => void = () => undefined
  const promise = new Promise<Value>((fulfil) => {
    resolve = fulfil
  })
  return { promise, resolve }
}
