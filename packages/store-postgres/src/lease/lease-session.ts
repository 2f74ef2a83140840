import { banyanError } from '@banyan/errors'
import type { Session } from '../connection/session.js'
import type { SessionPool } from '../connection/session-pool.js'

/**
 * The one session that holds this process's leases on a module's work. Its life is the liveness that others see, so it
 * is opened with the first lease, kept, and closed with the store.
 */
export class LeaseSession {
  private readonly pool: SessionPool
  private readonly onLost: () => void
  private session: Promise<Session> | undefined

  /**
   * @param pool a pool of one connection that is used for nothing else
   * @param onLost told when the session ended without having been closed: its leases are gone
   */
  constructor(pool: SessionPool, onLost: () => void) {
    this.pool = pool
    this.onLost = onLost
  }

  /** The session, opened if there is none or the last one is gone: then all leases are gone with it. */
  async open(): Promise<Session> {
    const known = this.session
    const session = await known?.catch(() => undefined)
    if (session && session.broken === undefined) return session
    // Whoever comes first opens the next one; the others find it here.
    if (this.session === known) {
      if (session) this.pool.release(session)
      this.session = this.start()
    }
    return this.session as Promise<Session>
  }

  private async start(): Promise<Session> {
    const session = await this.pool.acquire()
    session.onBroken = this.onLost
    return session
  }

  /** The session as it is. @throws `unavailable` when it is gone, or was never opened */
  async current(): Promise<Session> {
    const session = await this.session?.catch(() => undefined)
    if (!session || session.broken !== undefined) throw banyanError('unavailable', { what: this.pool.what })
    return session
  }

  /** Whether a session is open, so that there can be something to release. */
  async isOpen(): Promise<boolean> {
    const session = await this.session?.catch(() => undefined)
    return session !== undefined && session.broken === undefined
  }

  async close(): Promise<void> {
    const session = await this.session?.catch(() => undefined)
    this.session = undefined
    if (!session) return
    session.onBroken = undefined
    this.pool.release(session)
  }
}
