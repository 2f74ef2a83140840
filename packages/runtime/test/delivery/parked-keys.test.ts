import { describe, expect, it } from 'vitest'
import { ParkedKeys } from '../../src/delivery/parked-keys.js'

const bounds = { perKey: 10, perSubscription: 20 }
const never = () => () => true

function blocked(keys: readonly { key: string; count: number }[]): { lane: number; key: string; count: number }[] {
  return keys.map((one) => ({ lane: 1, ...one }))
}

describe('which keys are parked', () => {
  it('grows before the commit that adds a row, and is undone where it is rolled back', () => {
    const parked = new ParkedKeys(bounds)
    parked.add(1, 'k')
    expect(parked.has(1, 'k')).toBe(true)
    parked.undo(1, 'k')
    expect(parked.has(1, 'k')).toBe(false)
    parked.add(1, 'k')
    parked.settle(1, 'k')
    expect(parked.has(1, 'k')).toBe(true)
    expect(parked.total).toBe(1)
  })

  it('falls only after the row is known to be gone; a row added meanwhile keeps the key blocked', () => {
    const parked = new ParkedKeys(bounds)
    parked.load(blocked([{ key: 'k', count: 1 }]))
    parked.begin(1, 'k')
    expect(parked.has(1, 'k')).toBe(true)
    parked.add(1, 'k')
    parked.handled(1, 'k', true)
    expect(parked.has(1, 'k')).toBe(true)
    parked.settle(1, 'k')
    parked.begin(1, 'k')
    parked.handled(1, 'k', true)
    expect(parked.has(1, 'k')).toBe(false)
    expect(parked.total).toBe(0)
  })

  it('takes over what others added and took away', async () => {
    const parked = new ParkedKeys(bounds)
    parked.load(blocked([{ key: 'dropped', count: 2 }]))
    await parked.reconcile(async () => blocked([{ key: 'resubmitted', count: 3 }]), never)
    expect(parked.has(1, 'dropped')).toBe(false)
    expect(parked.has(1, 'resubmitted')).toBe(true)
    expect(parked.total).toBe(3)
  })

  it('trusts no answer about a key that changed while it was given', async () => {
    const parked = new ParkedKeys(bounds)
    parked.load(blocked([{ key: 'handled', count: 1 }]))
    parked.add(1, 'uncommitted')
    await parked.reconcile(async () => {
      parked.begin(1, 'handled')
      parked.handled(1, 'handled', true)
      parked.add(1, 'new')
      parked.settle(1, 'new')
      return blocked([{ key: 'handled', count: 1 }])
    }, never)
    expect(parked.has(1, 'handled')).toBe(false)
    expect(parked.has(1, 'uncommitted')).toBe(true)
    expect(parked.has(1, 'new')).toBe(true)
  })

  it('lets a key found from outside be handled only once the live events under way have ended', async () => {
    const parked = new ParkedKeys(bounds)
    let ended = false
    await parked.reconcile(
      async () => blocked([{ key: 'k', count: 1 }]),
      () => () => ended,
    )
    expect(parked.has(1, 'k')).toBe(true)
    expect(parked.mayHandle(1, 'k')).toBe(false)
    ended = true
    expect(parked.mayHandle(1, 'k')).toBe(true)
  })

  it('has room up to its bounds, and again below nine tenths of them (P9)', () => {
    const parked = new ParkedKeys(bounds)
    for (let count = 0; count < 10; count++) {
      expect(parked.room(1, 'k')).toBe(true)
      parked.add(1, 'k')
      parked.settle(1, 'k')
    }
    expect(parked.room(1, 'k')).toBe(false)
    expect(parked.full).toContain('"k"')
    parked.begin(1, 'k')
    parked.handled(1, 'k', true)
    expect(parked.full).toBeDefined()
    parked.begin(1, 'k')
    parked.handled(1, 'k', true)
    expect(parked.full).toBeUndefined()
  })
})
