import { banyanError } from '@banyan/errors'
import { type ClientBase, type ClientConfig, Pool, type PoolClient } from 'pg'
import { connectFailure, isLoginRefused, retryAfterMs } from './failure.js'
import type { FlightPart } from './flight.js'
import type { FlushListener } from './flush.js'
import { Session } from './session.js'
import { type Credentials, clientConfig, type Target } from './settings.js'
import { SilenceWatch } from './silence-watch.js'

/**
 * A bounded pool of sessions of one role. Owns the connections; whoever acquires a session gives it back exactly once.
 *
 * I1 Waiting is bounded in number and in time; beyond, the answer is `overloaded` (P9).
 * I2 A session that broke, or whose transaction status is not known to be idle, is ended and not reused.
 */
export interface PoolOptions {
  readonly target: Target
  /** Asked for each new connection, since a password can be changed. */
  readonly credentials: Credentials
  readonly applicationName: string
  readonly module: string
  /** For people: what is not available, for example `The database of orders`. */
  readonly what: string
  readonly connections: number
  /** How many may wait for a connection. */
  readonly waiting: number
  /** How long one may wait for a connection, or a connection may take to be made. */
  readonly waitMs: number
  readonly idleMs: number
  /** How long an answer may take before the server is asked what became of it. */
  readonly silentMs: number
  /** How long the server may take for what runs no code of the app, where it cannot be asked. */
  readonly answerMs: number
  readonly onFlush: FlushListener | undefined
  /** Settings of each session, applied when it is made. By SQL, since poolers refuse them among the startup parameters. */
  readonly settings?: string
  /** Called when the role cannot log in; resolves to whether it is worth another try. */
  readonly repairLogin?: () => Promise<boolean>
}

export class SessionPool {
  readonly what: string
  private readonly options: PoolOptions
  private readonly pool: Pool
  private readonly sessions = new WeakMap<ClientBase, Session>()
  private readonly held = new Map<Session, PoolClient>()
  private readonly watch: SilenceWatch
  private closing = false

  constructor(options: PoolOptions) {
    this.options = options
    this.what = options.what
    const { settings } = options
    const client = (): ClientConfig => clientConfig(options.target, options.credentials, options.applicationName)
    this.watch = new SilenceWatch({ ...options, sessions: () => this.held.keys(), client })
    this.pool = new Pool({
      ...client(),
      max: options.connections,
      connectionTimeoutMillis: options.waitMs,
      idleTimeoutMillis: options.idleMs,
      allowExitOnIdle: true,
      ...(settings === undefined ? {} : { onConnect: (client) => client.query(settings) as never }),
    })
    this.pool.on('connect', (client) => {
      this.sessions.set(client, new Session(client, options))
    })
    // An idle connection that ends is removed by the pool, and the session noted why; there is nobody to tell.
    this.pool.on('error', () => undefined)
  }

  /** Sessions that are in use. */
  get active(): number {
    return this.held.size
  }

  /**
   * @param signal stops the waiting; the rejection is its reason
   * @throws `overloaded` beyond a bound, `unavailable` when the server cannot be reached or the pool was closed
   */
  async acquire(signal?: AbortSignal): Promise<Session> {
    const { what, waiting } = this.options
    if (this.closing) throw banyanError('unavailable', { what })
    if (this.pool.waitingCount >= waiting) {
      throw banyanError('overloaded', { what, retryAfterMs }, { details: { retryAfterMs } }) // I1
    }
    const client = await this.connectUnless(signal)
    const session = this.sessions.get(client) as Session
    this.held.set(session, client)
    return session
  }

  private async connectUnless(signal: AbortSignal | undefined): Promise<PoolClient> {
    const connecting = this.connect()
    if (!signal) return connecting
    let stop: (() => void) | undefined
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
    })
    try {
      return await Promise.race([connecting, stopped])
    } catch (error) {
      // The connection that comes too late goes back at once; its failure has nobody left to be told to.
      if (signal.aborted) {
        connecting.then(
          (client) => client.release(),
          () => undefined,
        )
      }
      throw error
    } finally {
      if (stop) signal.removeEventListener('abort', stop)
    }
  }

  private async connect(): Promise<PoolClient> {
    try {
      return await this.pool.connect()
    } catch (error) {
      if (!isLoginRefused(error) || !(await this.options.repairLogin?.())) throw this.failure(error)
    }
    return this.pool.connect().catch((error: unknown) => {
      throw this.failure(error)
    })
  }

  private failure(error: unknown): unknown {
    return connectFailure(error, this.options.what)
  }

  release(session: Session): void {
    const client = this.held.get(session)
    if (!client) return
    this.held.delete(session)
    client.release(session.broken !== undefined || session.transactionStatus !== 'I') // I2
  }

  /** Cuts a connection through which nothing comes, and has the server let go what it holds for it. */
  giveUp(session: Session): void {
    this.watch.giveUp(session)
  }

  /** Acquires, runs one flush outside any transaction, and releases. */
  async run(parts: readonly FlightPart[]): ReturnType<Session['run']> {
    const session = await this.acquire()
    try {
      return await session.run(parts)
    } finally {
      this.release(session)
    }
  }

  /** No new sessions from now on; resolves when the connections are closed. */
  async close(): Promise<void> {
    if (this.closing) return
    this.closing = true
    try {
      await this.pool.end()
    } finally {
      this.watch.stop()
    }
  }

  /** Cuts the connections that are still in use. */
  destroy(): void {
    for (const session of this.held.keys()) session.destroy()
  }
}
