import { ownStatement } from '../connection/own-statement.js'
import type { Session } from '../connection/session.js'
import type { SessionPool } from '../connection/session-pool.js'

const cancel = ownStatement('select pg_cancel_backend($1), pg_sleep($2)')
const pausesSeconds = [0, 0.01, 0.05, 0.1, 0.2]

/**
 * Cancels what the session runs, by another connection of the same role. Asked more than once, because a backend drops a
 * cancellation that comes before the statement does; so none can hit a later statement either. Never rejects: where it
 * does not help, or no connection can be had, the session is cut and the server rolls back.
 */
export async function cancelBackend(by: SessionPool, session: Session, isRunning: () => boolean): Promise<void> {
  try {
    for (const pause of pausesSeconds) {
      if (!isRunning() || session.broken !== undefined) return
      await by.run([{ ...cancel, values: [session.pid, pause], quiet: true }])
    }
  } catch {
    session.destroy()
  }
  if (isRunning()) session.destroy()
}
