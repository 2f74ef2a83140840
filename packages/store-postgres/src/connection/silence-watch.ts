import { Client, type ClientConfig } from 'pg'
import type { Flight } from './flight.js'
import type { Session } from './session.js'

/**
 * Notices sessions whose connection became a black hole: a router forgot it, a machine is gone. TCP alone would wait for a
 * quarter of an hour, and for two hours where it has nothing to send. Owns nothing but its counts.
 *
 * I1 When an answer takes long, the server is asked through a new connection. While it works for the session, it is waited
 *    for; when it does not, and the answer does not come within another look either, the session is cut.
 * I2 Where the server cannot be asked, what is limited ends after a time, counted from when the server last said that it
 *    works. What runs code of an app has the deadline of its call instead.
 *    Behind a pooler it cannot be asked: a connection goes by the process id that the pooler made up, which is nobody's,
 *    or that of another backend.
 *    A connection through which bytes come or go is none of them: a large result takes its time.
 * I3 Looks are counted, not timed: after a standstill of this process, what came meanwhile is read first.
 * I4 What the server still holds for a session that was cut, such as locks, it is told to let go.
 */
export interface SilenceOptions {
  readonly sessions: () => Iterable<Session>
  /** How long an answer may take before the server is asked (I1). */
  readonly silentMs: number
  /** How long that of a limited flight may take where the server cannot be asked (I2). */
  readonly answerMs: number
  /** For the connections through which is asked: the same role and name as the sessions. */
  readonly client: () => ClientConfig
  /** How long a question may take. */
  readonly waitMs: number
}

const looksToAsk = 2
/** A minute of looks: then the server has ended by itself what did nothing within a transaction. */
const mostTries = 24
const unanswered = 'The server did not answer; the connection was cut'
/** Sessions of this process carry its mark at the end of their name, so a process id that is used again is nobody else's. */
const own = `usesysid = (select oid from pg_roles where rolname = current_user)
  and right(application_name, 8) = right(current_setting('application_name'), 8)`
/** Whether the one who asks goes by its process id itself; else the ids that it asks about are not those of the server (I2). */
const direct = 'pg_backend_pid() = $2::int'
const working = `select ${direct} as direct, array(select pid from pg_stat_activity
  where pid = any ($1::int[]) and ${own} and state <> 'idle' and state not like 'idle in%'
    and wait_event_type is distinct from 'Client') as pids`
const end = `select pg_terminate_backend(pid) from pg_stat_activity where ${direct} and pid = any ($1::int[]) and ${own}`

interface Wait {
  /** Since it began to wait, or the server said that it works. */
  looks: number
  /** Bytes of the session's connection at the last look. */
  moved: number
  /** The server does not work for it. */
  doubted: boolean
}

export class SilenceWatch {
  private readonly options: SilenceOptions
  private readonly looksToEnd: number
  private readonly timer: NodeJS.Timeout
  private readonly waits = new WeakMap<Flight, Wait>()
  /** Backends of sessions that were cut, and how often it was tried to end them. */
  private readonly leftBehind = new Map<number, number>()
  private asking = false
  private ending = false

  constructor(options: SilenceOptions) {
    this.options = options
    const everyMs = options.silentMs / looksToAsk
    this.looksToEnd = Math.ceil(options.answerMs / everyMs)
    this.timer = setInterval(() => this.look(), everyMs)
    this.timer.unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** I4 */
  giveUp(session: Session): void {
    session.destroy(unanswered)
    this.leftBehind.set(session.pid, 0)
    void this.endLeftBehind()
  }

  /** I4: tried until the server can be reached, or has found out by itself. */
  private async endLeftBehind(): Promise<void> {
    if (this.ending || this.leftBehind.size === 0) return
    this.ending = true
    const backends = [...this.leftBehind.keys()]
    try {
      await this.query(end, backends)
      for (const backend of backends) this.leftBehind.delete(backend)
    } catch {
      for (const backend of backends) {
        const tries = (this.leftBehind.get(backend) ?? 0) + 1
        if (tries < mostTries) this.leftBehind.set(backend, tries)
        else this.leftBehind.delete(backend)
      }
    } finally {
      this.ending = false
    }
  }

  private look(): void {
    void this.endLeftBehind()
    const due: (readonly [Session, Wait])[] = []
    for (const session of this.options.sessions()) {
      const flight = session.awaited
      if (!flight || session.broken !== undefined) continue
      const { moved } = session
      const wait = this.waits.get(flight)
      if (wait?.moved !== moved) {
        this.waits.set(flight, { looks: 1, moved, doubted: false })
        continue
      }
      wait.looks++
      if (wait.doubted || (flight.limited && wait.looks >= this.looksToEnd)) this.giveUp(session)
      else if (wait.looks % looksToAsk === 0) due.push([session, wait])
    }
    if (due.length > 0 && !this.asking) void this.ask(due)
  }

  /** I1 */
  private async ask(due: readonly (readonly [Session, Wait])[]): Promise<void> {
    this.asking = true
    try {
      const pids = due.map(([session]) => session.pid)
      const [found] = (await this.query(working, pids)) as { direct: boolean; pids: readonly number[] }[]
      if (!found?.direct) return
      for (const [session, wait] of due) {
        wait.doubted = !found.pids.includes(session.pid)
        if (!wait.doubted) wait.looks = 0
      }
    } catch {
      // I2
    } finally {
      this.asking = false
    }
  }

  private async query(text: string, backends: readonly number[]): Promise<readonly unknown[]> {
    const { client: config, waitMs } = this.options
    const client = new Client({ ...config(), connectionTimeoutMillis: waitMs, query_timeout: waitMs })
    // Whatever fails is told by the question that fails.
    client.on('error', () => undefined)
    try {
      await client.connect()
      return (await client.query(text, [backends, (client as Client & { processID: number }).processID])).rows
    } finally {
      // Not by `end`, which waits for the other side.
      ;(client as Client & { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    }
  }
}
