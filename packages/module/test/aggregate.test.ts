import { isBanyanError } from '@banyan/errors'
import { aggregate, decision } from '@banyan/module'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

/** Where a definition that the compiler would refuse too has problems, and what they are. */
function problemsOf(define: () => unknown): string[] {
  try {
    define()
  } catch (error) {
    if (!isBanyanError(error, 'invalid-aggregate')) throw error
    const { problems } = error.details as { problems: { where: string; what: string }[] }
    return problems.map(({ where, what }) => `${where}: ${what}`)
  }
  return []
}

const right = {
  name: 'cart',
  initial: { lines: [] as string[] },
  events: { added: z.object({ sku: z.string() }) },
  evolve: { added: (state: { lines: string[] }) => state },
}

describe('an aggregate', () => {
  it('is plain data, with an initial state that nobody can change', () => {
    const initial = { lines: ['a'] }
    const cart = aggregate({ ...right, initial, snapshots: { every: 10 } })
    initial.lines.push('b')
    expect(cart).toMatchObject({ kind: 'aggregate', name: 'cart', snapshots: { every: 10, version: 1 } })
    expect(cart.events.added).toMatchObject({ name: 'added', version: 1, upcast: {} })
    expect(cart.initial).toEqual({ lines: ['a'] })
    for (const part of [cart, cart.events, cart.evolve, cart.initial, (cart.initial as typeof initial).lines])
      expect(Object.isFrozen(part)).toBe(true)
  })

  it('tells all that is wrong with it together', () => {
    const wrong = (options: object) => problemsOf(() => aggregate({ ...right, ...options } as never))
    expect(wrong({})).toEqual([])
    expect(wrong({ name: 'Cart', initial: { at: new Date(0) }, evolve: { aded: () => 1 } })).toMatchObject([
      'name: "Cart" is not a name for an aggregate',
      'evolve.added: the event has no function that makes the state after it',
      "evolve.aded: there is no event 'aded'",
      expect.stringMatching(/^initial\.at: /),
    ])
    expect(wrong({ snapshots: { every: 0, version: 1.5 } })).toEqual([
      'snapshots.every: 0 is out of range',
      'snapshots.version: 1.5 is out of range',
    ])
    const data = right.events.added
    expect(
      wrong({ events: { added: { data, version: 3, upcast: { 2: (old: unknown) => old, 3: () => 1 } } } }),
    ).toEqual([
      'events.added.upcast: data of version 1 cannot be read',
      'events.added.upcast: 3 is no version before the present one, 3',
    ])
    expect(wrong({ events: { added: { data, version: 0 } } })).toEqual([
      'events.added.version: 0 is not the version of a schema',
    ])
    expect(wrong({ events: { added: {} } })).toContain('events.added: an event needs a schema of its data')
    expect(wrong({ events: { added: z.object({ at: z.date() }) } })).toHaveLength(1)
    expect(wrong({ events: { added: data, toString: data }, evolve: { ...right.evolve, toString: () => 1 } })).toEqual([
      "events.toString: 'toString' is reserved",
    ])
  })
})

describe('a decision', () => {
  const cart = aggregate(right)

  it('tells all that is wrong with it together', () => {
    const wrong = (of: object, evolve: object) =>
      problemsOf(() => decision({ of, initial: () => 0, tags: () => [], evolve } as never))
    expect(wrong({ cart }, { cart: { added: () => 1 } })).toEqual([])
    expect(wrong({ basket: cart, shop: {} }, { basket: { gone: () => 1 }, other: { x: () => 1 } })).toEqual([
      'of.basket: the key is not the name of the aggregate, cart',
      'of.shop: this is no aggregate',
      "evolve.basket.gone: 'basket' has no event 'gone'",
      "evolve.other: 'other' is not among the aggregates it is of",
    ])
    expect(wrong({ cart }, { cart: {} })).toEqual(['evolve: it reads no event'])
  })
})
