import type { Duplex } from 'node:stream'
import type { FieldDef, Submittable } from 'pg'
import Result, { type TypeLookup } from 'pg/lib/result.js'
import utils from 'pg/lib/utils.js'
import { databaseError } from './failure.js'
import { typeParsers } from './type-parsers.js'

/**
 * Several statements in one flush with one Sync at its end: one round trip, and after an error the server skips the rest.
 * So a COMMIT behind a failed statement is never run, and a statement behind a failed BEGIN never runs outside the
 * transaction, which `pg`'s own pipeline mode (a Sync per statement) cannot promise. See docs/decisions.
 *
 * Owns: the messages of one flush and what came back. Its neighbour `Session` owns the connection and the names.
 * I1 Every value is made ready before the first message is written, so a value that cannot be sent sends nothing.
 * I2 `completed` counts the statements whose CommandComplete arrived: what is not counted may not have run.
 * I3 An error of a statement is told when the server is ready again, so that the transaction status is known by then.
 */
export interface FlightPart {
  readonly text: string
  /** Name of the prepared statement; empty for a statement that is not kept. */
  readonly name: string
  readonly values?: readonly unknown[] | undefined
  /** Not described: rows come as arrays of text. For statements whose shape we know. */
  readonly quiet?: boolean
  readonly rowMode?: string | undefined
  readonly types?: TypeLookup | undefined
}

/** The names that one connection has prepared; shared by its flights. */
export interface PreparedNames {
  has(name: string): boolean
  add(name: string): void
}

/** Bind's parameter count is 16 bits; more would corrupt the stream. */
const maxParameters = 65_535
const pieceBytes = 262_144

type Value = string | Buffer | null

/** What `pg`'s connection has, and its published types lack. */
interface WireConnection {
  readonly stream: Duplex
  parse(message: { text: string; name: string }): void
  bind(message: { statement: string; values: readonly Value[] }): void
  describe(message: { type: 'P'; name: string }): void
  execute(): void
  sync(): void
  sendCopyFail(message: string): void
}

export class Flight implements Submittable {
  /** Resolves with the results of the parts, rejects with the first error. Settles once. */
  readonly done: Promise<readonly Result[]>
  /** Whether its answer is waited for only so long, whatever else bounds it. */
  limited = false
  private readonly results: Result[] = []
  private at = 0
  private readonly parts: readonly FlightPart[]
  private readonly prepared: PreparedNames
  private readonly parsing: string[] = []
  /** Of a large flight: settles when its last piece is handed over; never rejects. */
  private written: Promise<void> | undefined
  private statementError: unknown
  private rowError: unknown
  private resolve!: (results: readonly Result[]) => void
  private reject!: (error: unknown) => void

  constructor(parts: readonly FlightPart[], prepared: PreparedNames) {
    this.parts = parts
    this.prepared = prepared
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  /** Whether anything was written to the server. */
  get isSent(): boolean {
    return this.results.length > 0
  }

  /** How many parts ran to their end (I2). */
  get completed(): number {
    return this.at
  }

  /** Command tag of the last part that ran to its end, such as `COMMIT`, or `ROLLBACK` where a commit was refused. */
  get lastCommand(): string | null {
    return this.results[this.at - 1]?.command ?? null
  }

  /** Called by `pg` when it is this flight's turn. */
  submit(connection: unknown): Error | null {
    return this.write(connection as WireConnection)
  }

  private write(connection: WireConnection): Error | null {
    let values: Value[][]
    try {
      values = this.parts.map(prepareValues) // I1
    } catch (error) {
      if (error instanceof RangeError) return error
      return new TypeError(`A value of the statement cannot be sent: ${(error as Error).message}`, { cause: error })
    }
    const chunks: Buffer[] = []
    // One piece for the system instead of three for each statement: handing them over costs more than copying them.
    const gathered = Object.create(connection, { _send: { value: (chunk: Buffer) => void chunks.push(chunk) } })
    this.compose(gathered as WireConnection, values)
    const bytes = Buffer.concat(chunks)
    if (bytes.length > pieceBytes) this.written = writePieces(connection.stream, bytes)
    else if (connection.stream.writable) connection.stream.write(bytes)
    return null
  }

  private compose(connection: WireConnection, values: readonly Value[][]): void {
    for (const [index, part] of this.parts.entries()) {
      this.results.push(new Result(part.rowMode, part.types ?? typeParsers))
      if (part.name === '' || !(this.prepared.has(part.name) || this.parsing.includes(part.name))) {
        connection.parse({ text: part.text, name: part.name })
        this.parsing.push(part.name)
      }
      connection.bind({ statement: part.name, values: values[index] as Value[] })
      if (!part.quiet) connection.describe({ type: 'P', name: '' })
      connection.execute()
    }
    connection.sync()
  }

  /** Told by the session: `pg` tells its own queries only by their names. */
  handleParseComplete(): void {
    const name = this.parsing.shift()
    if (name) this.prepared.add(name)
  }

  handleRowDescription(message: { fields: FieldDef[] }): void {
    this.results[this.at]?.addFields(message.fields)
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    const result = this.results[this.at] as Result
    if (this.parts[this.at]?.quiet) {
      result.rows.push(message.fields)
      return
    }
    if (this.rowError) return
    try {
      result.addRow(result.parseRow(message.fields))
    } catch (error) {
      this.rowError =
        error instanceof RangeError
          ? error
          : new TypeError(`A value of a row cannot be read: ${(error as Error).message}`, { cause: error })
    }
  }

  handleCommandComplete(message: unknown): void {
    this.results[this.at]?.addCommandComplete(message)
    this.at++
  }

  handleEmptyQuery(): void {
    this.at++
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: WireConnection): void {
    // At the next statement the server refuses by itself.
    if (this.at < this.parts.length - 1) return
    void Promise.resolve(this.written).then(() => {
      connection.sendCopyFail('COPY FROM STDIN is not supported here')
      // Waiting for rows, it took the one behind the statement for nothing.
      connection.sync()
    })
  }

  handleCopyData(): void {}

  handleError(error: unknown): void {
    if (databaseError(error)?.severity === 'ERROR')
      this.statementError = error // I3
    else this.reject(error)
  }

  /** Told by the session too, since `pg` forgets a query that failed. */
  handleReadyForQuery(): void {
    if (this.statementError) this.reject(this.statementError)
    else if (this.rowError) this.reject(this.rowError)
    else this.resolve(this.results)
  }
}

/**
 * Piece by piece: Node tells of a piece that it went only when all of it did, and what went is how a slow connection is told
 * from a dead one (silence-watch).
 */
async function writePieces(stream: Duplex, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && stream.writable; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes)
    if (at + pieceBytes >= bytes.length) stream.write(piece)
    // A connection that breaks is told by its own events.
    else await new Promise<void>((went) => void stream.write(piece, () => went()))
  }
}

function prepareValues(part: FlightPart): Value[] {
  const values = part.values ?? []
  if (values.length > maxParameters) {
    throw new RangeError(`A statement has ${values.length} values; PostgreSQL takes at most ${maxParameters}`)
  }
  return values.map((value) => utils.prepareValue(value))
}
