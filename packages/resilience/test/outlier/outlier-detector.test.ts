import { createDrivenClock, createSeededAmbient } from '@banyan/ambient'
import { createLogger } from '@banyan/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultOutliers, OutlierDetector, type OutlierPolicy } from '../../src/index.js'
import { declared, fails, ok } from '../harness.js'

function setUp(policy: Partial<OutlierPolicy> = {}) {
  const clock = createDrivenClock(1_000_000)
  const ambient = createSeededAmbient(5, clock)
  const detector = new OutlierDetector(
    { ...defaultOutliers, ...policy },
    { ambient, logger: createLogger({ level: 'silent' }) },
  )
  const fail = (instance: string, times: number): void => {
    for (let time = 0; time < times; time++) detector.told('stock', instance, fails('unavailable'), 5)
  }
  const well = (...instances: string[]): void => {
    for (const instance of instances) detector.told('stock', instance, ok, 5)
  }
  return { clock, detector, fail, well }
}

describe('the outlier detector', () => {
  it('leaves out a replica after failures in a row, for longer each time, and takes it back', () => {
    const { clock, detector, fail, well } = setUp()
    well('a', 'b')
    fail('a', 4)
    well('a')
    fail('a', 4)
    expect(detector.choose('stock', ['a', 'b'])).toBeUndefined()
    fail('a', 1)
    expect(detector.choose('stock', ['a', 'b'])).toBe('b')
    clock.advance(29_999)
    expect(detector.choose('stock', ['a', 'b'])).toBe('b')
    clock.advance(1)
    expect(detector.choose('stock', ['a', 'b'])).toBeUndefined()
    fail('a', 5)
    clock.advance(59_999)
    expect(detector.choose('stock', ['a', 'b'])).toBe('b')
    clock.advance(1)
    expect(detector.choose('stock', ['a', 'b'])).toBeUndefined()
  })

  it('leaves nobody out for what the callee decided, and never the last one', () => {
    const { detector, fail, well } = setUp()
    well('a', 'b')
    for (let time = 0; time < 20; time++) {
      detector.told('stock', 'a', declared, 5)
      detector.told('stock', 'a', fails('overloaded'), 5)
    }
    expect(detector.choose('stock', ['a', 'b'])).toBeUndefined()
    fail('a', 5)
    fail('b', 50)
    expect(detector.choose('stock', ['a', 'b'])).toBe('b')
    expect(detector.choose('stock', ['a'])).toBeUndefined()
  })

  it('says in its figures who is left out, and for how long yet', () => {
    const { clock, detector, fail, well } = setUp()
    expect(detector.metrics()).toEqual([])
    well('a', 'b')
    fail('a', 5)
    clock.advance(10_000)
    const figures = (name: string) =>
      detector
        .metrics()
        .find((metric) => metric.name === `banyan_replica_${name}`)
        ?.samples.map(({ labels, value }) => [labels.module, labels.instance, value])
    expect(figures('ejected')).toEqual([
      ['stock', 'a', 1],
      ['stock', 'b', 0],
    ])
    expect(figures('back_in_ms')).toEqual([
      ['stock', 'a', 20_000],
      ['stock', 'b', 0],
    ])
    expect(figures('mean_ms')?.map(([, instance]) => instance)).toEqual(['a', 'b'])
    clock.advance(20_000)
    expect(figures('ejected')).toEqual([
      ['stock', 'a', 0],
      ['stock', 'b', 0],
    ])
  })

  it('takes back who is back first when others have gone, so that half remain', () => {
    const { clock, detector, fail, well } = setUp()
    well('a', 'b', 'c', 'd')
    fail('a', 5)
    clock.advance(1_000)
    fail('b', 5)
    expect(['c', 'd']).toContain(detector.choose('stock', ['a', 'b', 'c', 'd']))
    expect(detector.choose('stock', ['a', 'b'])).toBe('a')
  })

  it('finds the replica that fails more often than the others', () => {
    const { clock, detector, well } = setUp()
    const instances = ['a', 'b', 'c', 'd', 'e', 'f']
    for (let call = 0; call < 120; call++)
      for (const instance of instances)
        detector.told('stock', instance, instance === 'f' && call % 2 === 0 ? fails('internal') : ok, 5)
    expect(detector.choose('stock', instances)).toBeUndefined()
    clock.advance(10_000)
    well('a')
    expect(
      detector
        .report()
        .filter(({ ejected }) => ejected)
        .map(({ instance }) => instance),
    ).toEqual(['f'])
  })

  it('never leaves out more than its share, whatever it is told', () => {
    const step = fc.record({
      instance: fc.nat(5),
      fails: fc.nat(12),
      waitMs: fc.nat(20_000),
      present: fc.integer({ min: 1, max: 6 }),
    })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (steps, mostEjected) => {
          const { clock, detector, fail, well } = setUp({ mostEjected })
          for (const { instance, fails: times, waitMs, present } of steps) {
            if (times === 0) well(`i${instance}`)
            fail(`i${instance}`, times)
            clock.advance(waitMs)
            const instances = Array.from({ length: present }, (_, index) => `i${index}`)
            const chosen = new Set(Array.from({ length: 200 }, () => detector.choose('stock', instances)))
            if (chosen.has(undefined)) continue
            const most = Math.min(Math.floor(present * mostEjected), present - 1)
            expect(present - chosen.size).toBeLessThanOrEqual(most)
          }
        },
      ),
    )
  })
})
