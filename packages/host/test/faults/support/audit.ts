import { expect } from 'vitest'
import type { World } from './world.js'

const listeners = ['mirror', 'tally']
const sources = ['left', 'right']
const settleMs = 50_000

/** How many were done up to now. */
export async function transfersOf(world: World): Promise<number> {
  return (await world.rows('select count(*)::int from "left".moves'))[0]?.count
}

/** Resolves when every listener has as many effects as the ledgers have moves; what they are is the audit's to say. */
export async function settled(world: World): Promise<void> {
  let behind = ''
  for (let left = settleMs / 50; left > 0; left--) {
    behind = await backlog(world)
    if (behind === '') return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(`it does not settle: ${behind}\n${logs(world)}`)
}

/** What every process logged last, for whoever reads of a failure. */
export function logs(world: World): string {
  return [...world.replicas.values()].map(({ name, log }) => `${name}: ${log.slice(-20).join('\n  ')}`).join('\n')
}

async function backlog(world: World): Promise<string> {
  const counts = listeners.flatMap((listener) =>
    sources.map(
      (source) => `select '${listener} of ${source}' what, (select count(*) from "${source}".moves) -
        (select count(*) from ${listener}.heard where source = '${source}') behind`,
    ),
  )
  const rows = await world.rows(`select * from (${counts.join(' union all ')}) c where behind > 0`)
  return rows.map(({ what, behind }) => `${what} is ${behind} behind`).join(', ')
}

/** Nothing lost, nothing doubled, everything in order per key (P4, P5). */
export async function audit(world: World, done: number): Promise<void> {
  const [ledgers] = await world.rows(`
    select (select count(*)::int from "left".moves) lefts, (select count(*)::int from "right".moves) rights,
      (select count(*)::int from "left".moves l full join "right".moves r
        on (l.transfer_id, l.account, l.amount) = (r.transfer_id, r.account, -r.amount)
        where l.transfer_id is null or r.transfer_id is null) unmatched,
      (select coalesce(sum(amount), 0)::int
        from (select amount from "left".moves union all select amount from "right".moves) m) difference`)
  expect(ledgers).toEqual({ lefts: done, rights: done, unmatched: 0, difference: 0 })
  for (const ledger of sources) {
    const wrong = await world.rows(`
      select a.account from "${ledger}".accounts a
      full join (select account, sum(amount) amount, count(*) count from "${ledger}".moves group by account) m using (account)
      where a.balance is distinct from m.amount or a.number is distinct from m.count`)
    expect(wrong, `accounts of ${ledger} that do not agree with their moves`).toEqual([])
    for (const listener of listeners) await auditListener(world, listener, ledger)
  }
  for (const module of [...sources, ...listeners])
    expect(
      await world.rows(`select id::text from "${module}".banyan_dead_letters`),
      `dead letters of ${module}`,
    ).toEqual([])
}

async function auditListener(world: World, listener: string, source: string): Promise<void> {
  const wrong = await world.rows(`
    with heard as (select * from ${listener}.heard where source = '${source}')
    select coalesce(m.transfer_id, h.transfer_id) transfer, coalesce(m.count, 0)::int moves, coalesce(h.count, 0)::int heard
    from (select transfer_id, account, number, count(*) from "${source}".moves group by 1, 2, 3) m
    full join (select transfer_id, account, number, count(*) from heard group by 1, 2, 3) h
      on (m.transfer_id, m.account, m.number) = (h.transfer_id, h.account, h.number)
    where m.count is distinct from 1 or h.count is distinct from 1`)
  expect(wrong, `events of ${source} lost or doubled at ${listener}`).toEqual([])
  const disordered = await world.rows(`
    select account, number from (
      select account, number, lag(number, 1, 0) over (partition by account order by id) before
      from ${listener}.heard where source = '${source}') o
    where number <> before + 1`)
  expect(disordered, `events of ${source} out of order at ${listener}`).toEqual([])
}
