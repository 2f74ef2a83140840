import type { Order } from '../support/order.js'

/** One system that can make calls from inside a handler. */
export interface CallSystem {
  /** Makes that many calls of the query, one after the other, with the orders in turn. */
  queries(count: number): Promise<unknown>
  /** The same of the command. */
  commands(count: number): Promise<unknown>
  stop(): Promise<void>
}

export type OpenCallSystem = (orders: readonly Order[]) => Promise<CallSystem>

/** Makes the calls, one after the other: the same loop for every system. */
export async function callEach(
  orders: readonly Order[],
  count: number,
  call: (order: Order) => Promise<{ totalMinor: number }>,
): Promise<number> {
  let sum = 0
  for (let made = 0; made < count; made++) sum += (await call(orders[made % orders.length] as Order)).totalMinor
  return sum
}
