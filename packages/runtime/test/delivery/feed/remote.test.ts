import { createSeededAmbient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Feed } from '../../../src/delivery/feed/feed.js'
import { defaultDeliveryLimits } from '../../../src/delivery/options.js'
import type { StreamSink } from '../../../src/ports/source-stream.js'
import type { LogEvent, LogHeads } from '../../../src/ports/store.js'
import { newEvent, until } from '../harness.js'

const event = (position: number, lane = 0): LogEvent => ({
  ...newEvent({ key: 'k', lane }, `${position}`, 0),
  position,
})
const heads = (position: number, incarnation = 'this'): LogHeads => ({
  incarnation,
  positions: Array.from({ length: 64 }, (_, lane) => (lane === 0 ? position : 0)),
})

/** A feed of a source elsewhere whose answers and stream a test drives. */
function remote(limits: { pollMs?: number; cacheEvents?: number } = {}) {
  const state = {
    answers: true,
    /** What answers wait for. */
    delay: undefined as (() => Promise<void>) | undefined,
    head: heads(0),
    reads: 0,
    asked: 0,
    streamHeads: undefined as LogHeads | undefined,
    kept: [] as LogEvent[],
    following: true,
    wanted: [] as readonly number[],
    sink: undefined as unknown as StreamSink,
    lag: 0,
    wentBack: 0,
  }
  const answering = async <Value>(value: () => Value): Promise<Value> => {
    if (!state.answers) throw banyanError('unavailable', { what: 'orders' })
    const answer = value()
    await state.delay?.()
    return answer
  }
  const feed = new Feed(
    'orders',
    {
      heads: () =>
        answering(() => {
          state.asked++
          return state.head
        }),
      read: (after, limit) =>
        answering(() => {
          state.reads++
          const from = after[0]?.after ?? 0
          const count = Math.max(0, Math.min(limit, (state.head.positions[0] as number) - from))
          return Array.from({ length: count }, (_, index) => event(from + 1 + index, after[0]?.lane))
        }),
      positionsBefore: () => answering(() => []),
      register: () => answering(() => undefined),
      stream: {
        heads: async () => state.streamHeads,
        read: async (incarnation, after) =>
          incarnation === 'this' ? state.kept.filter(({ position }) => position > (after[0]?.after ?? 0)) : [],
        follow: (sink) => {
          state.sink = sink
          return {
            get following() {
              return state.following
            },
            want: (blocks) => {
              state.wanted = blocks
            },
            stop: () => undefined,
          }
        },
      },
    },
    {
      ambient: createSeededAmbient(1),
      store: undefined as never,
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      limits: { ...defaultDeliveryLimits, pollMs: 1_000_000, ...limits },
      upkeepAfter: (delayMs, task) => {
        const timer = setTimeout(task, Math.min(delayMs, 2_147_483_647))
        return () => clearTimeout(timer)
      },
      isHopeless: () => false,
    },
  )
  feed.start()
  feed.attach({
    lanes: [0, 1, 9],
    get lag() {
      return state.lag
    },
    wake: () => undefined,
    grew: () => undefined,
    wentBack: () => void state.wentBack++,
  })
  const read = async (seen: number): Promise<number[]> =>
    (await feed.read([{ lane: 0, seen }], 100, 1_000_000)).map(({ position }) => position)
  return { feed, state, read }
}

describe('the feed of a source elsewhere', () => {
  it('follows the blocks of its readers, and serves what is published from memory', async () => {
    const { feed, state, read } = remote()
    expect(state.wanted).toEqual([0, 1])
    await feed.refresh()
    state.sink.published('this', [event(1), event(2)])
    expect(await read(0)).toEqual([1, 2])
    expect(state.reads).toBe(0)
    await feed.stop()
  })

  it('skips what it has, and asks the source for what is missing (L2)', async () => {
    const { feed, state, read } = remote()
    await feed.refresh()
    state.sink.published('this', [event(1), event(1), event(2)])
    state.sink.published('this', [event(1), event(5)])
    state.head = heads(5)
    expect(await read(0)).toEqual([1, 2])
    expect(await read(2)).toEqual([3, 4, 5])
    expect(state.reads).toBe(1)
    await feed.stop()
  })

  it('takes nothing of another log, and asks the source which it is (L4)', async () => {
    const { feed, state, read } = remote()
    state.head = heads(3)
    await feed.refresh()
    const asked = state.asked
    state.sink.published('another', [event(4), event(5)])
    await until(() => state.asked > asked)
    expect(await read(3)).toEqual([])
    expect(state.wentBack).toBe(0)
    state.head = heads(4, 'another')
    state.sink.published('third', [event(9)])
    await until(() => state.wentBack === 1)
    expect(feed.incarnation).toBe('another')
    await feed.stop()
  })

  it('goes on by the stream while the source does not answer, but believes it no end of the log (I4)', async () => {
    const { feed, state, read } = remote()
    state.head = heads(3)
    await feed.refresh()
    state.answers = false
    state.streamHeads = heads(2)
    expect(await feed.look()).toBe('stream')
    expect([feed.heads[0], state.wentBack, feed.restorations]).toEqual([3, 0, 0])
    state.streamHeads = heads(6)
    state.kept = [event(4), event(5), event(6)]
    expect(await feed.look()).toBe('stream')
    expect(await read(3)).toEqual([4, 5, 6])
    state.streamHeads = heads(9, 'another')
    await expect(feed.look()).rejects.toMatchObject({ code: 'unavailable' })
    // What the stream does not keep needs the source.
    state.kept = []
    feed.handled([{ lane: 0, after: 8 }])
    await expect(read(6)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(feed.refresh()).rejects.toMatchObject({ code: 'unavailable' })
    await feed.stop()
  })

  it('pauses while its readers are far behind, and goes on when one is near (P9)', async () => {
    const { feed, state } = remote({ cacheEvents: 100 })
    await feed.refresh()
    state.lag = 51
    state.sink.published('this', [event(1)])
    expect(state.wanted).toEqual([])
    expect(feed.following).toBe(false)
    state.lag = 26
    feed.attach({ lanes: [], lag: 1_000, wake: () => undefined, grew: () => undefined, wentBack: () => undefined })
    expect(state.wanted).toEqual([])
    state.lag = 25
    state.head = heads(300)
    await feed.refresh()
    await feed.read([{ lane: 0, seen: 100 }], 10, 1_000)
    expect(state.wanted).toEqual([0, 1])
    await feed.stop()
  })

  it('lets the loop turn while a second reader waits for one that finds the log shorter than it was', async () => {
    const { feed, state, read } = remote()
    state.head = heads(2)
    await feed.refresh()
    state.head = heads(1)
    // Without a turn of the loop this never comes, and no test would ever tell: so those who wait are counted.
    state.delay = () => new Promise((resolve) => void setImmediate(resolve))
    const { catch: original } = Promise.prototype
    let waits = 0
    const watched = vi.spyOn(Promise.prototype, 'catch').mockImplementation(function (
      this: Promise<unknown>,
      ...given
    ) {
      if (++waits > 1_000) throw new Error('it goes round and round')
      return original.apply(this, given) as never
    })
    onTestFinished(() => watched.mockRestore())
    expect(await Promise.all([read(1), read(1)])).toEqual([[], []])
    expect(state.wentBack).toBe(1)
    await feed.stop()
  })

  it('serves nothing that was read of the log before it went back (I3)', async () => {
    const { feed, state, read } = remote()
    state.head = heads(3)
    await feed.refresh()
    let arrive = (): void => undefined
    state.delay = () =>
      new Promise((resolve) => {
        arrive = resolve
      })
    const late = read(0)
    state.delay = undefined
    state.head = heads(1)
    await feed.refresh()
    arrive()
    expect(await late).toEqual([])
    expect([feed.heads[0], state.wentBack]).toEqual([1, 1])
    const { reads } = state
    expect(await read(0)).toEqual([1])
    expect(state.reads).toBe(reads + 1)
    await feed.stop()
  })

  it('forgets what a look promised of a log that went back since (I2)', async () => {
    const { feed, state } = remote({ pollMs: 5 })
    state.head = heads(8)
    await feed.refresh()
    // Heard of by a look, and still on its way here.
    const { asked } = state
    state.head = heads(10)
    await until(() => state.asked > asked, 200_000)
    state.head = heads(5)
    await until(() => state.wentBack === 1, 200_000)
    const seen = state.asked
    await until(() => state.asked > seen + 2, 200_000)
    expect([feed.heads[0], state.wentBack]).toEqual([5, 1])
    await feed.stop()
  })

  it('counts what it serves once, also where a reader waited for the log', async () => {
    const { feed, state } = remote()
    state.head = heads(2)
    await feed.refresh()
    state.sink.published('this', [event(1), event(2)])
    const both = [
      { lane: 0, seen: 0 },
      { lane: 1, seen: 0 },
    ]
    state.head = { ...state.head, positions: [2, 1, ...state.head.positions.slice(2)] }
    await feed.refresh()
    await feed.read(both, 100, 1_000_000)
    expect(feed.counters.fromMemory).toBe(2)
    await feed.stop()
  })

  it('finds what was never published by looking twice', async () => {
    const { feed, state, read } = remote({ pollMs: 5 })
    await feed.refresh()
    state.head = heads(2)
    await until(() => feed.heads[0] === 2, 200_000)
    expect(feed.counters.missed).toBe(1)
    expect(await read(0)).toEqual([1, 2])
    await feed.stop()
  })
})
