import type { Runtime } from '@banyan/runtime'
import { placeOrder } from '../command/banyan.js'
import type { Place } from '../command/orders.js'
import type { Alternative, Measurement } from '../harness/types.js'
import { closedLoop } from '../support/closed-loop.js'
import { sampleOrders } from '../support/order.js'
import { lagOf } from './banyan.js'
import { customers } from './modules.js'

export const aloneName = 'commands/s with no subscriber'
const concurrency = 16
const sampleEveryMs = 20

const inputs: Place[] = sampleOrders(customers).map(({ lines }, index) => ({ customerId: `customer-${index}`, lines }))

function commands(runtime: Runtime, ms: number): Promise<Measurement> {
  let next = 0
  return closedLoop(concurrency, ms, () => placeOrder(runtime, inputs[next++ % inputs.length] as Place))
}

/** The command rate that the machine reaches when nobody listens. */
export function alone(runtime: Runtime): Alternative {
  return {
    name: aloneName,
    role: 'limit',
    async measure(ms) {
      const { value } = await commands(runtime, ms)
      return { value, details: { 'commands/s': value, 'lag at most': 0, 'lag at the end': 0 } }
    },
  }
}

/** Events that each subscriber handled per second while commands kept coming; one event per command. */
export function keepUp(runtime: Runtime, name: string): Alternative {
  return {
    name,
    role: 'ours',
    async measure(ms) {
      await runtime.settled(60_000)
      let longest = 0
      const sampling = setInterval(() => {
        longest = Math.max(longest, lagOf(runtime))
      }, sampleEveryMs)
      const begunAt = performance.now()
      const { value } = await commands(runtime, ms)
      const seconds = (performance.now() - begunAt) / 1_000
      clearInterval(sampling)
      const lag = lagOf(runtime)
      return {
        value: value - lag / seconds,
        details: { 'commands/s': value, 'lag at most': Math.max(longest, lag), 'lag at the end': lag },
      }
    },
  }
}
