import type { StatementResult, StreamStore } from '@banyan/runtime'
import type { TextRow } from '../connection/rows.js'
import { loadStream, readStream } from './load-stream.js'
import { matchEvents, readMatched } from './match-events.js'

const rowsOf = ({ rows }: StatementResult): readonly TextRow[] => rows as readonly TextRow[]

/** The streams of the module's aggregates. What is appended goes with the ending of a unit. */
export const streamStore: StreamStore = {
  async load(by, wanted) {
    return readStream(wanted, rowsOf(await by.query(loadStream(wanted))))
  },
  async match(by, wanted) {
    return readMatched(wanted, rowsOf(await by.query(matchEvents(wanted))))
  },
}
