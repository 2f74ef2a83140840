import { banyanError } from '@banyan/errors'
import { formatDifference } from '../migrate/difference.js'
import { driftOf, lookAtSchema } from '../migrate/record.js'
import { type Inventory, labelOf, quoted } from './inventory.js'
import type { PortableSession, Side } from './session.js'
import { withClient } from './session.js'
import type { PromotedModule } from './source.js'

/** Gives the target's sequences the values of the source's. */
export async function copySequences(
  source: PortableSession,
  target: PortableSession,
  inventory: Inventory,
): Promise<void> {
  for (const sequence of inventory.sequences) {
    const { rows } = await source.as(sequence, () =>
      source.client.query<{ last_value: string; is_called: boolean }>(
        `select last_value::text, is_called from ${quoted(source.client, sequence)}`,
      ),
    )
    const row = rows[0]
    const name = target.client.escapeLiteral(quoted(target.client, sequence))
    await target.as(sequence, () =>
      target.client.query(`select setval(${name}, $1, $2)`, [row?.last_value, row?.is_called]),
    )
  }
}

/** Computes materialized views and collects the planner's statistics, which are not copied. */
export async function refreshDerived(target: PortableSession, inventory: Inventory): Promise<void> {
  const { client } = target
  for (const view of inventory.views.filter(({ populated }) => populated)) {
    await target.as(view, () => client.query(`refresh materialized view ${quoted(client, view)}`))
  }
  for (const table of inventory.tables) await target.as(table, () => client.query(`analyze ${quoted(client, table)}`))
}

async function incarnation({ client }: PortableSession, schema: string): Promise<string> {
  // The function looks its table up by a bare name.
  const path = client.escapeLiteral(client.escapeIdentifier(schema))
  await client.query(`select set_config('search_path', ${path}, false)`)
  const { rows } = await client.query<{ incarnation: string }>('select banyan_incarnation() as incarnation')
  await client.query("set search_path = ''")
  return rows[0]?.incarnation ?? ''
}

/**
 * Lets subscriptions go on where they were. The log's uuid was copied, but an incarnation also names the server's
 * timeline, which differs; progress that stood at the source's log as it is now stands at the target's. Progress with
 * any other incarnation had diverged before, and stays so. Leases end with the processes that held them; their epochs
 * go on, so that nothing that was fenced comes back.
 */
export async function moveProgress(
  source: PortableSession,
  target: PortableSession,
  modules: readonly PromotedModule[],
): Promise<void> {
  const { client } = target
  for (const log of modules) {
    const was = await incarnation(source, log.schema)
    const is = await incarnation(target, log.schema)
    for (const { schema, role } of modules) {
      const table = quoted(client, { schema, name: 'banyan_progress' })
      const text = `update ${table} set incarnation = $1 where incarnation = $2 and source = $3`
      await target.as({ owner: role, schema }, () => client.query(text, [is, was, log.name]))
    }
  }
  for (const { schema, role } of modules) {
    const table = quoted(client, { schema, name: 'banyan_leases' })
    const text = `update ${table} set owner_pid = null, owner_started = null, renewed_at = null`
    await target.as({ owner: role, schema }, () => client.query(text))
  }
}

/** The last look: the target's schemas are what their migrations make, so that the next start accepts them. */
export async function checkResult(side: Side, modules: readonly PromotedModule[]): Promise<void> {
  await withClient(side, async (client) => {
    for (const { schema } of modules) {
      const [difference] = driftOf(await lookAtSchema(client, schema))
      if (!difference) continue
      const summary = `schema ${schema} of the target: ${difference.part} ${formatDifference(difference)}`
      throw banyanError('promote-refused', { summary })
    }
  })
}

/** Compares what is left to compare: the values of the sequences. */
export async function checkSequences(
  source: PortableSession,
  target: PortableSession,
  inventory: Inventory,
): Promise<void> {
  const read = async (session: PortableSession, sequence: Inventory['sequences'][number]): Promise<string> => {
    const text = `select last_value::text || ' ' || is_called as value from ${quoted(session.client, sequence)}`
    const { rows } = await session.as(sequence, () => session.client.query<{ value: string }>(text))
    return rows[0]?.value ?? ''
  }
  for (const sequence of inventory.sequences) {
    if ((await read(source, sequence)) === (await read(target, sequence))) continue
    throw banyanError('promote-mismatch', { table: `sequence ${labelOf(sequence)}` })
  }
}
