import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { notKept, snapshot } from '../../src/edge/snapshot.js'

describe('the snapshot of an input', () => {
  it('equals what can cross, and shares no part that can change (P2)', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = snapshot(value)
        expect(copy).toEqual(value)
        const shared = (one: unknown, other: unknown): boolean =>
          typeof one === 'object' &&
          one !== null &&
          (one === other ||
            Object.keys(one).some((key) =>
              shared((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key]),
            ))
        expect(shared(value, copy)).toBe(false)
      }),
    )
  })

  it('keeps an own __proto__ what it is', () => {
    const copy = snapshot(JSON.parse('{"__proto__":{"admin":true}}')) as Record<string, unknown>
    expect(copy.admin).toBeUndefined()
    expect(Object.hasOwn(copy, '__proto__')).toBe(true)
  })

  it('ends for what goes round in a circle, and leaves alone what is refused anyway', () => {
    const map = new Map()
    expect(snapshot({ map })).toEqual({ map })
    const twice: Record<string, unknown> = {}
    twice.one = twice
    twice.two = twice
    expect(snapshot(twice)).toBe(notKept)
  })
})
