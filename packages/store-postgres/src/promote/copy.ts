import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ClientBase } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { quoted, type TableInventory } from './inventory.js'

/**
 * Copies all rows of a table from one session to another as a stream: memory stays at a few buffers, however many rows
 * there are. Both sessions have portable text. The target's triggers must be off.
 */
export async function copyRows(
  source: ClientBase,
  target: ClientBase,
  table: TableInventory,
  onBytes: (bytes: number) => void,
): Promise<void> {
  // COPY writes identity columns as they are; computed ones are computed again.
  const names = table.columns.filter(({ generated }) => !generated).map(({ name }) => source.escapeIdentifier(name))
  const columns = names.length > 0 ? ` (${names.join(', ')})` : ''
  const reader = copyTo(`copy ${quoted(source, table)}${columns} to stdout`)
  const writer = copyFrom(`copy ${quoted(target, table)}${columns} from stdin`)
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      onBytes(chunk.length)
      done(undefined, chunk)
    },
  })
  // The stream ends with the last row, before the server says that it is ready for the next statement.
  const readerIdle = new Promise<void>((resolve) => {
    ;(reader as unknown as { handleReadyForQuery: () => void }).handleReadyForQuery = resolve
  })
  await pipeline(source.query(reader), counter, target.query(writer))
  await readerIdle
}
