import { fileURLToPath } from 'node:url'
import type { App } from 'banyan'
import { type TestApp, type TestAppOptions, testApp } from 'banyan/testing'
import { expect } from 'vitest'
import { agreement } from '../../retail/agreement.js'
import type { Books, Figure } from '../../retail/books.js'
import { analytics } from '../../src/analytics/contract.js'
import { market } from '../../src/app.js'
import { catalog } from '../../src/catalog/contract.js'
import { inventory } from '../../src/inventory/contract.js'
import { notifications } from '../../src/notifications/contract.js'
import { orders } from '../../src/orders/contract.js'
import { payments } from '../../src/payments/contract.js'
import { provider } from '../../src/provider/contract.js'
import { shipping } from '../../src/shipping/contract.js'

type MarketModules = typeof market extends App<infer Names> ? Names : never
export type Market = TestApp<MarketModules>

export const marketFolder = fileURLToPath(new URL('../..', import.meta.url))
const contracts = { orders, payments, provider, shipping, inventory, notifications, analytics }

/** Products of the tests, and how many there are of each. */
export const products = [
  { sku: 'MUG', name: 'Blue mug', priceMinor: 850 },
  { sku: 'LAMP', name: 'Brass lamp', priceMinor: 6_900 },
  { sku: 'RUG', name: 'Wool rug', priceMinor: 18_900 },
]
export const stocked = 100

/** The market under test, with a few products on sale. */
export async function openMarket(options: TestAppOptions<MarketModules> = {}): Promise<Market> {
  const t: Market = await testApp(market, { baseFolder: marketFolder, ...options })
  try {
    await t.call(catalog).addMany({ products })
    await t.call(inventory).receive({ lines: products.map(({ sku }) => ({ sku, quantity: stocked })) })
    await t.settled()
    return t
  } catch (error) {
    await t.stop()
    throw error
  }
}

/** The same audit as `npm run market:audit`, each module's tables read by its own role. */
export async function expectAgreement(t: Market): Promise<void> {
  const books: Books = {
    figures: (module, statement) => {
      const text = Object.assign([statement], { raw: [statement] })
      return t
        .sql(contracts[module as keyof typeof contracts])<Figure>(text)
        .all()
    },
  }
  const findings = await agreement(books)
  expect(findings.filter(({ expected, found }) => expected !== found)).toEqual([])
  expect(t.health().modules.filter(({ deadLetters }) => deadLetters > 0)).toEqual([])
}

/** Lets time pass until nothing is due later any more: cards that answer late, charges that are tried again. */
export async function atRest(t: Market): Promise<void> {
  await t.settled()
  await t.clock.advance('30s')
  await t.settled()
}

export const customer = { customerId: 'ada', country: 'Ireland' }
export const mugs = (quantity: number) => [{ sku: 'MUG', quantity, unitPriceMinor: 850 }]
