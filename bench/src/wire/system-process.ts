import { deepStrictEqual } from 'node:assert/strict'
import { closedLoop } from '../support/closed-loop.js'
import { type Order, sampleOrders } from '../support/order.js'
import { countProcessorTime } from '../support/processor-time.js'
import { quote } from './quote.js'
import type { Caller, WireSystem } from './types.js'

/**
 * One end of one system, in a process of its own: `answer FILE SYSTEM NATS_URL` tells its address, then its processor
 * time in microseconds whenever anything is sent to it; `call FILE SYSTEM NATS_URL ADDRESS` measures as it is told.
 */
export interface WireOrder {
  readonly concurrency: number
  readonly ms: number
}

const [end, file, name, natsUrl = '', address = ''] = process.argv.slice(2)
const systems = (await import(`./${file}.js`)) as Record<string, WireSystem>
const system = systems[name ?? '']
if (!system) throw new Error(`There is no system ${name} in ${file}`)

const samples = sampleOrders(64)

async function callOnce(caller: Caller): Promise<void> {
  const order = samples[0] as Order
  deepStrictEqual(JSON.parse(JSON.stringify(await caller((ask) => ask(order)))), quote(order))
}

process.on('disconnect', () => process.exit(0))
if (end === 'answer') {
  const told = await system.answer(natsUrl)
  const processorTime = countProcessorTime()
  process.on('message', () => process.send?.(processorTime()))
  process.send?.(told)
} else {
  const caller = await system.connect(address, natsUrl)
  await callOnce(caller)
  let next = 0
  process.on('message', ({ concurrency, ms }: WireOrder) => {
    const measured = caller((ask) => closedLoop(concurrency, ms, () => ask(samples[next++ % samples.length] as Order)))
    void measured.then((measurement) => process.send?.(measurement))
  })
  process.send?.('ready')
}
