import type { RunningApp } from '@banyan/host'
import { closeInOrder } from '@banyan/runtime'
import type { Output } from './output.js'

/**
 * Resolves when what runs was stopped by SIGINT or SIGTERM. A second signal ends the process at once: what was
 * acknowledged is safe in the database all the same.
 * @throws why the database is gone for good, where it is; what runs was stopped then too
 */
export function untilStopped(running: Pick<RunningApp, 'closed' | 'stop'>, output: Output): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false
    const stop = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(130)
      stopping = true
      output.note(`${signal}: stopping, work under way is finished first (once more to end at once)`)
      running.stop().then(resolve, reject)
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
    void running.closed.then((lost) => {
      if (stopping || !lost) return
      stopping = true
      output.note('the database is gone for good: stopping (Ctrl-C to end at once)')
      closeInOrder([() => Promise.reject(lost), () => running.stop()], (error) => output.failure(error)).catch(reject)
    })
  })
}

/**
 * For a process that another one supervises, begun before anything else: resolves when that one says to stop (SIGTERM) or is
 * gone. Ctrl-C and the end of a terminal reach the whole group of processes; who stops what, and when, is the supervisor's
 * to say.
 */
export function supervisorSaysStop(): Promise<void> {
  process.on('SIGINT', () => undefined)
  process.on('SIGHUP', () => undefined)
  return new Promise((done) => {
    process.once('SIGTERM', () => done())
    process.once('disconnect', () => done())
  })
}
