import { expect, onTestFinished, test } from 'vitest'
import type { Delivery } from '../../../src/delivery/delivery.js'
import type { EventStream, StreamRefusal, StreamTail } from '../../../src/ports/event-stream.js'
import type { LogEvent } from '../../../src/ports/store.js'
import { harness, until } from '../harness.js'

interface Stored {
  readonly sequence: number
  readonly lane: number
  readonly position: number
  readonly incarnation: string
}

/** A stream that takes events only where they are expected, as JetStream does. */
class FakeStream implements EventStream {
  stored: Stored[] = []
  sequence = 0

  async state() {
    return { identity: 'this', lastSequence: this.sequence }
  }

  async ends() {
    return Array.from({ length: 64 }, (_, lane) => this.#end(lane))
  }

  async publish(
    incarnation: string,
    events: readonly LogEvent[],
    tail: StreamTail,
  ): Promise<StreamRefusal | undefined> {
    let refusal: StreamRefusal | undefined
    for (const { lane, position } of events) {
      const expected = tail.sequence === this.sequence && tail.lanes[lane] === (this.#end(lane)?.sequence ?? 0)
      tail.lanes[lane] = ++tail.sequence
      if (expected) this.stored.push({ sequence: ++this.sequence, lane, position, incarnation })
      else refusal = { kind: 'overtaken', reason: 'wrong last sequence' }
    }
    return refusal
  }

  async purge() {
    this.stored = []
  }

  ring(): void {}

  rung() {
    return () => undefined
  }

  #end(lane: number): Stored | undefined {
    return this.stored.findLast((one) => one.lane === lane)
  }
}

test('publishing goes on where the newest message of the stream was removed', async () => {
  const on = harness([], { relayWatchMs: 5 })
  const stream = new FakeStream()
  const positions = (): number[] => stream.stored.map(({ position }) => position)
  const relaying = async (owner: string): Promise<Delivery> => {
    const delivery = on.another(owner, { stream: (module) => (module === 'orders' ? stream : undefined) })
    onTestFinished(() => delivery.stop(0))
    await delivery.start()
    await until(() => delivery.status().get('orders')?.relay?.state === 'running')
    return delivery
  }
  const first = await relaying('first')
  first.committed('orders', on.publish([{ key: 'a' }, { key: 'a' }], false), [])
  await until(() => stream.stored.length === 2)
  await first.stop(0)
  stream.stored.pop()
  const second = await relaying('second')
  second.committed('orders', on.publish([{ key: 'a' }], false), [])
  await until(() => stream.stored.length === 3)
  expect(positions()).toEqual([1, 2, 3])
})
