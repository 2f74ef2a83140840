import type { Measurement } from '../harness/types.js'
import { sampleOrders } from '../support/order.js'
import { countProcessorTime } from '../support/processor-time.js'
import { systems } from './systems.js'

/**
 * One system in a process of its own: in a common one, what a system leaves behind in the compiler and on the heap would
 * slow the others.
 */
export interface CallOrder {
  readonly kind: 'queries' | 'commands'
  readonly ms: number
}

const callsAtOnce = 2_000

const system = systems.find(({ name }) => name === process.argv[2])
if (!system) throw new Error(`There is no system ${process.argv[2]}`)
const opened = await system.open(sampleOrders(64))

async function measure({ kind, ms }: CallOrder): Promise<Measurement> {
  const begunAt = performance.now()
  const processorTime = countProcessorTime()
  let calls = 0
  let elapsedMs = 0
  for (; elapsedMs < ms; elapsedMs = performance.now() - begunAt) {
    await opened[kind](callsAtOnce)
    calls += callsAtOnce
  }
  return {
    // Waiting for a core does not lengthen processor time; it includes what the collector does on other threads, so on a
    // quiet machine it is the larger of the two.
    value: (processorTime() * 1e3) / calls,
    details: { 'on the clock': (elapsedMs * 1e6) / calls },
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', (order: CallOrder) => void measure(order).then((measurement) => process.send?.(measurement)))
process.send?.('ready')
