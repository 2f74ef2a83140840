import { setTimeout as wait } from 'node:timers/promises'
import type { Shop } from './shop.js'
import { Told } from './told.js'

const sku = 'RECOVERY-PROBE'
const stocked = 1_000_000
const ordersAtLeast = 16
const ordersAtMost = 64
const orderEveryMs = 50
const lookEveryMs = 50
const patienceMs = 120_000

/** How long it took until all was well, milliseconds. */
export interface Recovery {
  /** Until the first new order was taken. */
  readonly order: number
  /** Until all new orders were taken that came meanwhile. */
  readonly orders: number
  /** Until they all were shipped, which takes eight events of four services each, in lanes of every replica. */
  readonly events: number
}

/** Orders goods that nobody else sells, so what others sold is not confused with it, and looks when they are shipped. */
export class RecoveryProbe {
  readonly #shop: Shop
  readonly #run: string
  #count = 0

  /** @param run part of the numbers of the orders */
  constructor(shop: Shop, run: string) {
    this.#shop = shop
    this.#run = run
  }

  async open(): Promise<void> {
    const products = [{ sku, name: 'Probe of recovery', priceMinor: 100 }]
    await this.#shop.post('/products/batch', 'recovery-products', { products })
    await this.#shop.post('/stock/receipts', 'recovery-stock', { lines: [{ sku, quantity: stocked }] })
  }

  /**
   * Orders from now on until one order is taken, at least so many that every lane block is likely to be met, and
   * follows all of them.
   * @throws ShopAway, Told when one is not taken or not shipped within two minutes
   */
  async measure(): Promise<Recovery> {
    const begunAt = performance.now()
    let first: number | undefined
    const placed: Promise<string>[] = []
    while (placed.length < ordersAtLeast || (first === undefined && placed.length < ordersAtMost)) {
      const order = this.#order()
      void order.then(
        () => {
          first ??= performance.now() - begunAt
        },
        () => undefined, // told by `all` below
      )
      placed.push(order)
      await wait(orderEveryMs)
    }
    const ids = await Promise.all(placed)
    const orders = performance.now() - begunAt
    await this.#shipped(new Set(ids))
    return { order: first ?? orders, orders, events: performance.now() - begunAt }
  }

  async #order(): Promise<string> {
    const orderId = `${this.#run}-${this.#count++}`
    await this.#shop.post('/orders', orderId, {
      orderId,
      customerId: 'recovery',
      country: 'Ireland',
      paymentMethod: 'card',
      lines: [{ sku, quantity: 1, unitPriceMinor: 100 }],
    })
    return orderId
  }

  async #shipped(open: Set<string>): Promise<void> {
    const until = performance.now() + patienceMs
    while (open.size > 0) {
      for (const id of [...open]) if ((await this.#statusOf(id)) === 'shipped') open.delete(id)
      if (open.size === 0) return
      if (performance.now() > until) {
        const [id] = open as Set<string>
        throw new Told(
          `${open.size} orders are not shipped ${patienceMs / 1000} s after they were taken; ${id} is ${await this.#statusOf(id as string)}`,
        )
      }
      await wait(lookEveryMs)
    }
  }

  async #statusOf(id: string): Promise<string | undefined> {
    try {
      return ((await this.#shop.get(`/orders/${id}`)) as { status?: string } | undefined)?.status
    } catch {
      return undefined // nobody answers at this moment
    }
  }
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`

export const recoveryText = ({ order, orders, events }: Recovery): string =>
  `new order ${seconds(order)}, all new orders ${seconds(orders)}, shipped ${seconds(events)}`

/** Median and longest of many, by what was killed. */
export function recoveryTable(all: ReadonlyMap<string, readonly Recovery[]>): string[] {
  return [...all].map(([kind, some]) => {
    const of = (name: keyof Recovery): string => {
      const sorted = some.map((one) => one[name]).sort((a, b) => a - b)
      return `${seconds(sorted[Math.floor((sorted.length - 1) / 2)] as number)} (at most ${seconds(sorted.at(-1) as number)})`
    }
    return `  ${kind}, ${some.length} times: new order ${of('order')}, all new orders ${of('orders')}, shipped ${of('events')}`
  })
}
