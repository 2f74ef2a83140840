import { createHash } from 'node:crypto'
import { totalOf } from '../src/values.js'
import type { Document, RetailPlan } from './classify.js'

/** What the books of the shop must say after a replay, worked out from the file alone. */
export interface Expectation {
  readonly orders: number
  readonly orderLines: number
  readonly ordersMinor: number
  readonly credits: number
  readonly creditsMinor: number
  readonly adjustments: number
  /** The numbers of its orders and credit notes: the shop may have sold to others too. */
  readonly orderIds: readonly string[]
  readonly creditIds: readonly string[]
  readonly revenueByDay: ReadonlyMap<string, number>
  readonly revenueByCountry: ReadonlyMap<string, number>
  readonly revenueByProduct: ReadonlyMap<string, number>
  readonly stock: ReadonlyMap<string, number>
}

/** Many figures as one: how many there are, their sum, and a hash of them all, so that one that is off shows. */
export type Digest = string

export function digest(figures: Iterable<readonly [name: string, value: number]>): Digest {
  const sorted = [...figures].filter(([, value]) => value !== 0).sort(([a], [b]) => (a < b ? -1 : 1))
  const sum = sorted.reduce((total, [, value]) => total + value, 0)
  const hash = createHash('sha256')
    .update(sorted.map(([name, value]) => `${name}=${value}`).join('\n'))
    .digest('hex')
  return `${sorted.length} figures, sum ${sum}, ${hash.slice(0, 12)}`
}

function add(map: Map<string, number>, key: string, value: number): void {
  map.set(key, (map.get(key) ?? 0) + value)
}

export function expectationOf(plan: RetailPlan, documents: readonly Document[]): Expectation {
  const days = new Map<string, number>()
  const countries = new Map<string, number>()
  const products = new Map<string, number>()
  const stock = new Map(plan.opening)
  const sums = { orders: 0, orderLines: 0, ordersMinor: 0, credits: 0, creditsMinor: 0, adjustments: 0 }
  for (const document of documents) {
    if (document.kind === 'adjustment') {
      sums.adjustments += document.lines.length
      for (const { sku, quantity } of document.lines) add(stock, sku, quantity)
      continue
    }
    const sign = document.kind === 'order' ? 1 : -1
    const total = totalOf(document.lines)
    if (sign === 1) {
      sums.orders++
      sums.orderLines += document.lines.length
      sums.ordersMinor += total
    } else {
      sums.credits++
      sums.creditsMinor += total
    }
    add(days, document.at.slice(0, 10), sign * total)
    add(countries, document.country, sign * total)
    for (const { sku, quantity, unitPriceMinor } of document.lines) {
      add(products, sku, sign * quantity * unitPriceMinor)
      add(stock, sku, -sign * quantity)
    }
  }
  return {
    ...sums,
    orderIds: documents.filter(({ kind }) => kind === 'order').map(({ id }) => id),
    creditIds: documents.filter(({ kind }) => kind === 'credit').map(({ id }) => id),
    revenueByDay: days,
    revenueByCountry: countries,
    revenueByProduct: products,
    stock,
  }
}
