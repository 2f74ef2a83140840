import { describe, expect, it } from 'vitest'
import { type AlignmentFacts, align } from '../../../src/delivery/relay/alignment.js'
import type { StreamEnd } from '../../../src/ports/event-stream.js'

const lanes = (of: (lane: number) => number): number[] => Array.from({ length: 64 }, (_, lane) => of(lane))
const end = (position: number, incarnation = 'this'): StreamEnd => ({ position, incarnation, sequence: position })

const facts = (over: Partial<AlignmentFacts> = {}): AlignmentFacts => ({
  ends: lanes(() => 0).map(() => undefined),
  heads: { incarnation: 'this', positions: lanes(() => 100) },
  floors: lanes(() => 0),
  registered: [],
  refill: 1_000,
  ...over,
})

const endsWith = (of: Record<number, StreamEnd>): (StreamEnd | undefined)[] => facts().ends.map((_, lane) => of[lane])

describe('where publishing goes on', () => {
  it('is behind what the stream ends with, lane by lane', () => {
    const { foreign, after } = align(facts({ ends: endsWith({ 3: end(70), 4: end(100) }) }))
    expect(foreign).toBeUndefined()
    expect([after[3], after[4], after[5]]).toEqual([70, 100, 100])
  })

  it('is where the last subscriber needs a lane that the stream has nothing of, within bounds (P9)', () => {
    const registered = [lanes(() => 90), lanes((lane) => (lane === 1 ? 40 : 95))]
    expect(align(facts({ registered })).after.slice(0, 3)).toEqual([90, 40, 90])
    expect(align(facts({ registered, refill: 20 })).after.slice(0, 3)).toEqual([90, 80, 90])
    // Who handled more than there is does not move it beyond the log.
    expect(align(facts({ registered: [lanes(() => 300)] })).after[0]).toBe(100)
  })

  it('is never before the beginning of the log', () => {
    const { after } = align(
      facts({ ends: endsWith({ 2: end(10) }), floors: lanes(() => 50), registered: [lanes(() => 0)] }),
    )
    expect([after[2], after[7]]).toEqual([50, 50])
  })

  it('is anew where the stream has what is not in the log, and says what (L4)', () => {
    const registered = [lanes(() => 60)]
    const ahead = align(facts({ ends: endsWith({ 0: end(99), 9: end(101) }), registered }))
    expect(ahead.foreign).toMatch(/lane 9 .*101.* 100/)
    expect([ahead.after[0], ahead.after[9]]).toEqual([60, 60])
    const other = align(facts({ ends: endsWith({ 0: end(50, 'that') }), registered }))
    expect(other.foreign).toMatch(/another log, that/)
    expect(other.after[0]).toBe(60)
  })
})
