import { banyanError } from '@banyan/errors'
import { sameSum, sumTable, type TableSum } from './checksum.js'
import { copyRows } from './copy.js'
import { labelOf, quoted, type TableInventory } from './inventory.js'
import { readCopied, writeCopied } from './record.js'
import type { PortableSession } from './session.js'

/** The two ends of a copy. */
export interface CopyEnds {
  readonly app: string
  readonly source: PortableSession
  readonly target: PortableSession
}

/**
 * Brings one table of the target to what the source holds, and verifies it, in one transaction with the record of it.
 * A table that an earlier run copied is summed up again on both sides and only copied again when they differ: the
 * source may have been used between the runs.
 * @throws `promote-mismatch` when count or checksum differ after the copy; nothing of it is kept
 */
export async function moveTable(
  ends: CopyEnds,
  table: TableInventory,
  onBytes: (bytes: number) => void,
): Promise<TableSum & { readonly copied: boolean }> {
  const { app, source, target } = ends
  const wanted = await source.as(table, () => sumTable(source.client, table))
  const before = await readCopied(target.client, app, table)
  if (before && sameSum(before, wanted)) {
    const there = await target.as(table, () => sumTable(target.client, table))
    if (sameSum(there, wanted)) return { ...wanted, copied: false }
  }
  const { client } = target
  await client.query('begin')
  await target.as(table, async () => {
    await client.query(`truncate only ${quoted(client, table)}`)
    await switchTriggers(target, table, () => 'disable')
    await source.as(table, () => copyRows(source.client, client, table, onBytes))
    await switchTriggers(target, table, (enabled) => enableWords[enabled] ?? 'enable')
    const there = await sumTable(client, table)
    if (!sameSum(there, wanted)) {
      const details = { table: labelOf(table), source: { ...wanted }, target: { ...there } }
      throw banyanError('promote-mismatch', { table: labelOf(table) }, { details })
    }
  })
  await writeCopied(client, app, table, wanted)
  await client.query('commit')
  return { ...wanted, copied: true }
}

/** `pg_trigger.tgenabled` as the words that set it. */
const enableWords: Readonly<Record<string, string>> = {
  O: 'enable',
  D: 'disable',
  R: 'enable replica',
  A: 'enable always',
}

// A trigger has done its work in the source; firing again would do it twice.
async function switchTriggers(
  target: PortableSession,
  table: TableInventory,
  word: (enabled: string) => string,
): Promise<void> {
  const { client } = target
  for (const { name, enabled } of table.triggers) {
    await client.query(`alter table ${quoted(client, table)} ${word(enabled)} trigger ${client.escapeIdentifier(name)}`)
  }
}
