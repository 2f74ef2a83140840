import { ownStatement } from '../connection/own-statement.js'
import type { Session } from '../connection/session.js'
import type { SessionPool } from '../connection/session-pool.js'

const cancel = ownStatement('select pg_cancel_backend($1), pg_sleep($2)')
const pausesSeconds = [0, 0.01, 0.05, 0.1, 0.2]
/** Where a server does not even answer to this, the way to it is lost, and nobody is to wait for it. */
const cancelMs = 3_000

/**
 * Cancels what the session runs, by another connection of the same role. Asked more than once, because a backend drops a
 * cancellation that comes before the statement does; so none can hit a later statement either. Never rejects: where it
 * does not help, or no connection can be had in time, the session is cut and the server rolls back.
 */
export async function cancelBackend(by: SessionPool, session: Session, isRunning: () => boolean): Promise<void> {
  const late = AbortSignal.timeout(cancelMs)
  try {
    for (const pause of pausesSeconds) {
      if (!isRunning() || session.broken !== undefined) return
      await ask(by, session.pid, pause, late)
    }
  } catch {
    by.giveUp(session)
  }
  if (isRunning()) by.giveUp(session)
}

async function ask(by: SessionPool, pid: number, pause: number, late: AbortSignal): Promise<void> {
  const other = await by.acquire(late)
  const cut = (): void => by.giveUp(other)
  late.addEventListener('abort', cut, { once: true })
  try {
    await other.run([{ ...cancel, values: [pid, pause], quiet: true }])
  } finally {
    late.removeEventListener('abort', cut)
    by.release(other)
  }
}
