import type { Client } from 'pg'
import { type Inventory, type PartitionInventory, quoted } from './inventory.js'
import type { PortableSession } from './session.js'

/**
 * Gives the target the partitions of the source: partitions come and go with data (a month begins, an old one is
 * dropped), so migrations alone do not make them. Those that are the same stay, with what was copied into them.
 */
export async function alignPartitions(session: PortableSession, source: Inventory, target: Inventory): Promise<void> {
  const { client } = session
  const wanted = new Map(source.partitions.map((partition) => [keyOf(partition), partition]))
  const present = new Map(target.partitions.map((partition) => [keyOf(partition), partition]))
  for (const partition of target.partitions) {
    if (same(wanted.get(keyOf(partition)), partition)) continue
    // Parents come first, and take their parts with them.
    const drop = `drop table if exists ${quoted(client, partition)} cascade`
    await session.as(partition, () => client.query(drop))
    forgetWithParts(present, partition)
  }
  for (const partition of source.partitions) {
    if (present.has(keyOf(partition))) continue
    await session.as(partition, () => client.query(createStatement(client, partition)))
  }
}

function keyOf({ schema, name }: { schema: string; name: string }): string {
  return `${schema}.${name}`
}

function same(one: PartitionInventory | undefined, other: PartitionInventory): boolean {
  return one !== undefined && one.parent === other.parent && one.bound === other.bound && one.key === other.key
}

function forgetWithParts(present: Map<string, PartitionInventory>, gone: PartitionInventory): void {
  present.delete(keyOf(gone))
  for (const partition of [...present.values()]) {
    if (partition.schema === gone.schema && partition.parent === gone.name) forgetWithParts(present, partition)
  }
}

function createStatement(client: Client, { schema, name, parent, bound, key }: PartitionInventory): string {
  const [part, whole] = [quoted(client, { schema, name }), quoted(client, { schema, name: parent })]
  return `create table ${part} partition of ${whole} ${bound}${key === null ? '' : ` partition by ${key}`}`
}
