import type { Socket } from 'node:net'
import type { Client, ClientBase } from 'pg'
import type Result from 'pg/lib/result.js'
import { endsPrepared, endsSession } from './failure.js'
import { Flight, type FlightPart } from './flight.js'
import type { FlushListener } from './flush.js'

/**
 * One connection to the server and the names it has prepared. Flights run in the order in which they were sent.
 *
 * I1 At most `maxUserStatements` texts of handlers are kept prepared: a handler that builds SQL by hand cannot fill the
 *    memory of the server.
 * I2 A session that is `broken` is never used again; whoever holds it ends it.
 */

const maxUserStatements = 256

export class Session {
  /** Why the connection cannot be used any more (I2). */
  broken: unknown
  /** Called once when the session broke. */
  onBroken: (() => void) | undefined
  private readonly client: ClientBase
  private readonly module: string
  private readonly onFlush: FlushListener | undefined
  private readonly prepared = new Set<string>()
  private readonly userNames = new Map<string, string>()
  private last: Promise<unknown> | undefined
  private flying: Flight | undefined

  constructor(client: ClientBase, options: { module: string; onFlush: FlushListener | undefined }) {
    this.client = client
    this.module = options.module
    this.onFlush = options.onFlush
    client.on('error', (error) => this.breakWith(error))
    client.on('end', () => this.breakWith(new Error('The connection was closed')))
    const { connection } = client as Client
    connection.on('parseComplete', () => this.flying?.handleParseComplete())
    connection.on('readyForQuery', () => this.flying?.handleReadyForQuery())
  }

  get pid(): number {
    return (this.client as ClientBase & { processID: number }).processID
  }

  /** How many bytes came and went, in pieces (flight); the same as before while nothing moves. */
  get moved(): number {
    const { bytesRead, bytesWritten, writableLength } = (this.client as Client).connection.stream as Socket
    return bytesRead + bytesWritten - writableLength
  }

  /** What waits for its answer now. */
  get awaited(): Flight | undefined {
    return this.flying
  }

  /** `T` inside a transaction, `E` inside one that failed, `I` outside: as of the last answer. */
  get transactionStatus(): string | null {
    return this.client.getTransactionStatus()
  }

  /** The name under which a handler's statement is prepared here; empty beyond the bound (I1). */
  nameOf(text: string): string {
    const known = this.userNames.get(text)
    if (known !== undefined) return known
    if (this.userNames.size >= maxUserStatements) return ''
    const name = `user_${this.userNames.size}`
    this.userNames.set(text, name)
    return name
  }

  /** Sends statements in one flush; the flight tells how far it came when it fails. */
  send(parts: readonly FlightPart[]): Flight {
    const flight = new Flight(parts, this.prepared)
    const before = this.last
    this.last = flight.done
    // `pg` would queue by itself, but warns about it; an error of the flight before is told to its own caller.
    const launch = (): void => this.launch(flight, parts)
    if (before) before.then(launch, launch)
    else launch()
    flight.done.then(
      () => this.landed(flight),
      (error) => this.landed(flight, error),
    )
    return flight
  }

  /** As `send`, of what runs no code of the app: its answer is waited for only so long (silence-watch). */
  sendLimited(parts: readonly FlightPart[]): Flight {
    const flight = this.send(parts)
    flight.limited = true
    return flight
  }

  /** Sends statements in one flush and waits for their results; limited. */
  run(parts: readonly FlightPart[]): Promise<readonly Result[]> {
    return this.sendLimited(parts).done
  }

  private launch(flight: Flight, parts: readonly FlightPart[]): void {
    if (this.broken !== undefined) {
      flight.handleError(this.broken)
      return
    }
    this.flying = flight
    this.onFlush?.({ module: this.module, statements: parts.map((part) => part.text) })
    this.client.query(flight)
  }

  private landed(flight: Flight, error?: unknown): void {
    if (this.last === flight.done) this.last = undefined
    if (this.flying === flight) this.flying = undefined
    if (error !== undefined && (endsSession(error) || endsPrepared(error))) this.breakWith(error)
  }

  private breakWith(error: unknown): void {
    if (this.broken === undefined) {
      this.broken = error
      this.onBroken?.()
    }
    // Settles a flight that waits for an answer which will not come; does nothing to one that is done.
    this.flying?.handleError(this.broken)
  }

  /** Cuts the connection without a word: the server rolls back. */
  destroy(reason = 'The connection was cut'): void {
    this.breakWith(new Error(reason))
    ;(this.client as Client).connection.stream.destroy()
  }
}
