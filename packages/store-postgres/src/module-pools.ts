import { statementFailure } from './connection/failure.js'
import type { FlightPart } from './connection/flight.js'
import { type TextRow, textRows } from './connection/rows.js'
import type { SessionPool } from './connection/session-pool.js'
import { refusal } from './unit/failure.js'

/** The connections of one module, all of its own role (P8), and how Banyan's own statements use them. */
export interface ModulePools {
  readonly module: string
  readonly schema: string
  /** Rows of a quiet part, read-only. */
  rows(part: FlightPart): Promise<readonly TextRow[]>
  /** Runs parts in one flush, all or nothing; returns how many rows the last one touched. */
  change(...parts: readonly FlightPart[]): Promise<number>
  readonly units: SessionPool
  readonly reader: SessionPool
  /** Runs work on sessions of the module, and tells a lost connection and Banyan's own refusals by the catalogue. */
  guarded<Value>(work: () => Promise<Value>): Promise<Value>
}

export function modulePools(module: string, schema: string, units: SessionPool, reader: SessionPool): ModulePools {
  const guarded = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work()
    } catch (error) {
      throw statementFailure(refusal(error, { command: undefined, module }), units.what)
    }
  }
  return {
    module,
    schema,
    units,
    reader,
    guarded,
    rows: (part) => guarded(async () => textRows((await reader.run([part])).at(-1))),
    // Several statements in one flush are one implicit transaction: they commit together or not at all.
    change: (...parts) => guarded(async () => (await units.run(parts)).at(-1)?.rowCount ?? 0),
  }
}
