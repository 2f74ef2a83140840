import { isBanyanError } from 'banyan'
import { faultPoints } from 'banyan/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inventory } from '../src/inventory/contract.js'
import { orders } from '../src/orders/contract.js'
import { atRest, customer, expectAgreement, type Market, openMarket, products } from './support/open-market.js'

const methods = ['card', 'card-declined', 'card-timeout', 'card-twice'] as const
const skus = products.map(({ sku }) => sku)
const quantity = fc.integer({ min: 1, max: 12 })
const line = fc.record({ sku: fc.constantFrom(...skus), quantity, unitPriceMinor: fc.integer({ min: 0, max: 9_999 }) })
const lines = fc.array(line, { minLength: 1, maxLength: 4 })
const which = fc.nat({ max: 1_000 })
const id = fc.uuid({ version: 4 })

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('place'), id, lines, method: fc.constantFrom(...methods) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cancel'), id, which }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('giveBack'), id, which, sku: fc.constantFrom(...skus), quantity }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('credit'), id, lines }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('adjust'),
      id,
      sku: fc.constantFrom(...skus),
      by: fc.integer({ min: -9, max: 9 }),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

const crash = fc.record({
  module: fc.constantFrom('orders' as const, 'payments' as const, 'inventory' as const, 'shipping' as const),
  point: fc.constantFrom(...faultPoints),
  pass: fc.integer({ min: 1, max: 4 }),
})
/** What happens at once, and what is waited for before the next round. */
const round = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  after: fc.constantFrom('go on', 'go on', 'settle', 'let time pass'),
})
const story = fc.record({
  rounds: fc.array(round, { minLength: 8, maxLength: 14 }),
  crashes: fc.array(crash, { maxLength: 2 }),
})

/** Asks again under the same id for as long as the outcome is not known, as a careful client does. */
async function insist<Value>(call: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt === 30 || !isBanyanError(error) || !error.retryable) throw error
    }
  }
}

async function perform(t: Market, placed: string[], step: Step): Promise<void> {
  const call = t.call(orders, { id: step.id })
  if (step.kind === 'place') {
    const order = { ...customer, paymentMethod: step.method, lines: step.lines }
    placed.push((await insist(() => call.place(order))).orderId)
    return
  }
  if (step.kind === 'credit') {
    const credit = { creditId: `credit-${step.id}`, ...customer, creditedAt: '2026-02-01T00:00:00Z', lines: step.lines }
    await insist(() => call.credit(credit))
    return
  }
  if (step.kind === 'adjust') {
    if (step.by === 0) return
    const adjustment = { lines: [{ sku: step.sku, quantity: step.by }], reason: 'counted' }
    await insist(() => t.call(inventory, { id: step.id }).adjust(adjustment))
    return
  }
  const orderId = placed[step.which % Math.max(1, placed.length)]
  if (orderId === undefined) return
  // Too late, too early, too many: all of it is tried, and refused in order.
  if (step.kind === 'cancel') await insist(() => call.cancel({ orderId, reason: 'no' }).result())
  else await insist(() => call.giveBack({ orderId, lines: [{ sku: step.sku, quantity: step.quantity }] }).result())
}

async function tell(t: Market, { rounds, crashes }: typeof story extends fc.Arbitrary<infer Value> ? Value : never) {
  const placed: string[] = []
  for (const { module, point, pass } of crashes) t.crash(module, point, { pass })
  for (const { steps, after } of rounds) {
    await Promise.all(steps.map((step) => perform(t, placed, step)))
    if (after === 'settle') await t.settled()
    if (after === 'let time pass') await t.clock.advance('900ms')
  }
  await atRest(t)
  return placed
}

const seed = Number(process.env.MARKET_SEED ?? Date.now() % 2 ** 31)

test(`P3 P4 P5 money, stock and events agree after anything that customers do, odd cards and crashes included`, async () => {
  console.log(`MARKET_SEED=${seed}`)
  let orderCount = 0
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      await using t = await openMarket()
      const placed = await tell(t, told)
      orderCount += placed.length
      expect(new Set(placed).size).toBe(placed.length)
      await expectAgreement(t)
    }),
    { seed, numRuns: 5, endOnFailure: true },
  )
  expect(orderCount).toBeGreaterThan(20)
}, 120_000)
