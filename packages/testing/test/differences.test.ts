/**
 * What legitimately differs with the placement. Everything else is the same (P1): the suites here run in all of them.
 * Each difference is a test, with the reason why it must be.
 */
import { payloadLimitBytes } from '@banyan/runtime'
import { standIn } from '@banyan/testing'
import { expect, test } from 'vitest'
import { everywhere, inPlacements, insideOneProcess, type Placement } from './placements.js'
import { front, labIn } from './principles/lab.js'
import { orders, stock } from './shop/contracts.js'
import { newId, order, shopIn } from './shop/open.js'

const differs = <Value>(placement: Placement, values: Readonly<Record<Placement, Value>>): Value => values[placement]

inPlacements(everywhere, (placement) => {
  const openShop = shopIn(placement)

  // Why: modules of one process die together. Elsewhere the caller lives, sees that the outcome is not known, and has its
  // own command run again under the same ids, which P4 makes safe; a callee that is gone for longer is not available.
  test('a callee that crashes takes its caller with it only where they share a process', async () => {
    await using t = await openShop()
    const crash = t.crash('stock', 'after-commit')
    const id = newId()
    await expect(t.call(orders, { id }).place(order)).rejects.toMatchObject({ code: 'outcome-unknown' })
    await crash.happened
    // Waits for what goes on.
    expect(await t.call(stock).level({ sku: order.sku })).toBe(1_000_000 - order.quantity)
    const placed = t.events(orders).placed.length
    expect(differs(placement, { local: [0], wire: [1], distributed: [0, 1] })).toContain(placed)
    await t.call(orders, { id }).place(order)
    expect(t.events(orders).placed).toHaveLength(1)
    expect(await t.call(stock).level({ sku: order.sku })).toBe(1_000_000 - order.quantity)
  })

  // Why: what a broker carries is messages, each bounded and in memory as a whole, and shared by everybody's calls. In one
  // process a body is a stream from the client to the handler and back, which nobody keeps; the gateway bounds it.
  test('bodies of raw routes may be larger than what crosses between modules only where none crosses', async () => {
    await using t = await openShop()
    const up = (bytes: number) => t.fetch('/stock/photo', { method: 'POST', body: Buffer.alloc(bytes) })
    const down = (bytes: number) => t.fetch(`/stock/photo?bytes=${bytes}`)
    const larger = differs(placement, { local: 200, wire: 413, distributed: 413 })
    for (const [bytes, status] of [
      [payloadLimitBytes, 200],
      [payloadLimitBytes + 1, larger],
    ] as const) {
      const [sent, got] = [await up(bytes), await down(bytes)]
      expect([bytes, sent.status, got.status]).toEqual([bytes, status, status])
      if (status === 200) expect([await sent.json(), (await got.text()).length]).toEqual([bytes, bytes])
      else expect([await sent.json(), await got.json()]).toMatchObject(Array(2).fill({ code: 'payload-too-large' }))
    }
  })

  // Why: a handler that a test made cannot be loaded by another process, so a module that takes the place of another one
  // stays in the process of the test. It is a service of its own there, and what it hears came over the wire.
  test('a stand-in runs in the process of the test, wherever the others are', async () => {
    const pids: number[] = []
    const shelf = standIn(stock, {
      reserve: () => {
        pids.push(process.pid)
        return { left: 1 }
      },
    })
    await using t = await openShop({ replace: [shelf], repeat: false })
    await t.call(orders).place(order)
    expect(pids).toEqual([process.pid])
  })
})

inPlacements(insideOneProcess, (placement) => {
  // Why: the wire runner asks again for what it has an answer to, as after a lost reply. A duplicate may run code, it can
  // never commit a second effect: how often code runs is promised nowhere.
  test('a repetition may run the code of a handler again, and changes nothing', async () => {
    let runs = 0
    await using t = await labIn(placement)({
      async front(_input, { sql }) {
        runs++
        await sql`insert into effects (name, note) values ('a', 'done')`
        return {}
      },
    })
    await t.call(front).act({ name: 'a' })
    expect(runs).toBe(differs(placement, { local: 1, wire: 2, distributed: 2 }))
    expect(await t.sql(front)`select note from effects`.all()).toEqual([{ note: 'done' }])
  })
})
