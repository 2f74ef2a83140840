import { deepStrictEqual } from 'node:assert'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Checked, compileCodec, emptyCodec, type Issue, portableCopy } from '../../src/codec/index.js'

class Money {
  amount = 1
}

function nested(depth: number): unknown {
  let value: unknown = 'end'
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { in: value }
  return value
}

const cyclicObject: Record<string, unknown> = { name: 'a' }
cyclicObject.self = cyclicObject
const cyclicArray: unknown[] = []
cyclicArray.push({ again: cyclicArray })

/** Everything that is refused everywhere (P1), with where and why. */
const refusals: readonly (readonly [string, unknown, (string | number)[], RegExp])[] = [
  ['a NUL', { a: 'x\u0000' }, ['a'], /U\+0000/],
  ['a lone high surrogate', ['\ud83d'], [0], /surrogate/],
  ['a lone low surrogate', ['a\ude00b'], [0], /surrogate/],
  ['a NUL in a key', { 'a\u0000': 1 }, ['a\u0000'], /U\+0000/],
  ['a lone surrogate in a key', { '\ud83d': 1 }, ['\ud83d'], /surrogate/],
  ['NaN', { a: { b: Number.NaN } }, ['a', 'b'], /NaN/],
  ['Infinity', [1, Number.POSITIVE_INFINITY], [1], /Infinity/],
  ['-Infinity', Number.NEGATIVE_INFINITY, [], /-Infinity/],
  ['a bigint', { a: 1n }, ['a'], /bigint.*digits/],
  ['a symbol', { a: Symbol('x') }, ['a'], /symbol/],
  ['a function', { a: () => 1 }, ['a'], /function/],
  ['undefined', undefined, [], /undefined/],
  ['undefined in an array', [1, undefined], [1], /undefined.*null/],
  // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
  ['a hole in an array', [1, , 2], [1], /hole/],
  ['a Date', { at: new Date(0) }, ['at'], /Date.*toISOString/],
  ['a Map', { m: new Map() }, ['m'], /Map.*fromEntries/],
  ['a Set', { s: new Set() }, ['s'], /Set/],
  ['a class instance', { price: new Money() }, ['price'], /Money.*plain object/],
  ['a boxed string', { text: Object('x') }, ['text'], /String/],
  ['a regular expression', { a: /x/ }, ['a'], /RegExp/],
  ['bytes', { a: new Uint8Array(1) }, ['a'], /Uint8Array/],
  ['a promise', { a: Promise.resolve() }, ['a'], /Promise/],
  ['an error', { a: new Error('x') }, ['a'], /Error/],
  ['an object that inherits', { a: Object.create({ b: 1 }) }, ['a'], /plain object/],
  ['a key __proto__', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), ['a', '__proto__'], /__proto__/],
  ['a cyclic object', cyclicObject, ['self'], /contains itself/],
  ['a cyclic array', cyclicArray, [0, 'again'], /contains itself/],
  [
    'more than 100 levels',
    nested(101),
    Array.from({ length: 100 }, (_, level) => (level % 2 === 0 ? 0 : 'in')),
    /deeper than 100/,
  ],
]

function issuesOf(checked: Checked): Issue[] {
  if (checked.ok) throw new Error('Expected the value to be refused')
  return checked.issues
}

describe('a schema-free copy', () => {
  it.each(refusals)('refuses %s, saying where and why (P1)', (_name, value, path, message) => {
    const issues = issuesOf(portableCopy(value))
    expect(issues).toEqual([{ path, message: expect.stringMatching(message), code: 'not-portable' }])
  })

  it('copies every JSON value as it is, sharing nothing (P2)', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, maxDepth: 4 }), (value) => {
        const portable = JSON.parse(
          JSON.stringify(value).replaceAll('__proto__', 'proto').replaceAll('\\u0000', ''),
          withoutHalves,
        )
        const copy = portableCopy(portable)
        deepStrictEqual(copy, { ok: true, value: positive(portable) })
        if (typeof portable === 'object' && portable !== null) expect(copy.ok && copy.value).not.toBe(portable)
      }),
    )
  })

  it('reports every reason of a value, up to a bound', () => {
    expect(issuesOf(portableCopy({ a: 1n, b: [Number.NaN, 'ok', new Date(0)] })).map(({ path }) => path)).toEqual([
      ['a'],
      ['b', 0],
      ['b', 2],
    ])
    expect(issuesOf(portableCopy(Array.from({ length: 10_000 }, () => 1n))).length).toBeLessThan(100)
  })

  it('drops undefined properties and symbol keys, and makes 0 of -0', () => {
    deepStrictEqual(portableCopy({ a: undefined, b: -0, [Symbol('c')]: 1 }), { ok: true, value: { b: 0 } })
  })

  it('takes objects without prototype, of another realm and with 100 levels', () => {
    deepStrictEqual(portableCopy(Object.assign(Object.create(null), { a: 1 })), { ok: true, value: { a: 1 } })
    deepStrictEqual(portableCopy(runInNewContext('({ a: [1] })')), { ok: true, value: { a: [1] } })
    deepStrictEqual(portableCopy(nested(100)), { ok: true, value: nested(100) })
  })

  it('explains a getter that throws', () => {
    const value = {
      get price(): number {
        throw new Error('no price')
      },
    }
    expect(issuesOf(portableCopy(value))).toEqual([
      { path: ['price'], message: 'Reading it threw: no price', code: 'not-portable' },
    ])
  })
})

describe('a schema that accepts anything', () => {
  const codec = compileCodec(z.object({ any: z.unknown(), more: z.record(z.string(), z.any()).optional() }))

  it.each(refusals)('still refuses %s (P1)', (_name, value, path, message) => {
    if (value === undefined) return
    expect(issuesOf(codec.check({ any: value }))[0]).toMatchObject({
      path: ['any', ...path].slice(0, 100),
      message: expect.stringMatching(message),
    })
    expect(codec.check({ any: 1, more: { x: value } }).ok).toBe(false)
  })

  it('does not look at fields that it strips', () => {
    deepStrictEqual(codec.check({ any: 1, created: new Date(0), secret: () => 1 }), { ok: true, value: { any: 1 } })
  })
})

describe('prototype pollution', () => {
  const attack = (): unknown =>
    JSON.parse('{"a":"x","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}')

  it.each([
    ['a stripping object', z.object({ a: z.string() }), { a: 'x' }],
    ['a strict object', z.strictObject({ a: z.string() }), undefined],
    ['a record', z.record(z.string(), z.any()), undefined],
    ['a loose object', z.looseObject({ a: z.string() }), undefined],
    ['anything', z.any(), undefined],
  ])('does not get through %s', (_name, schema, value) => {
    const codec = compileCodec(schema)
    for (const checked of [codec.check(attack()), codec.decode(attack())]) {
      expect(checked.ok).toBe(value !== undefined)
      if (!checked.ok) continue
      deepStrictEqual(checked.value, value)
      expect(Object.getPrototypeOf(checked.value)).toBe(Object.prototype)
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('does not take inherited members for fields', () => {
    const codec = compileCodec(
      z.object({ constructor: z.string().optional(), toString: z.string().optional(), valueOf: z.any().optional() }),
    )
    deepStrictEqual(codec.check({}), { ok: true, value: {} })
    deepStrictEqual(codec.check({ constructor: 'c', toString: 't' }), {
      ok: true,
      value: { constructor: 'c', toString: 't' },
    })
  })
})

describe('no input and no output', () => {
  it('takes undefined and null only, and gives undefined', () => {
    for (const value of [undefined, null]) {
      deepStrictEqual(emptyCodec.check(value), { ok: true, value: undefined })
      deepStrictEqual(emptyCodec.decode(value), { ok: true, value: undefined })
    }
    for (const value of [{}, 0, '', false, []]) expect(emptyCodec.check(value).ok).toBe(false)
  })
})

/** A reviver: JSON of JavaScript can carry half surrogate pairs. */
function withoutHalves(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[\ud800-\udfff]/gu, '') : value
}

function positive(value: unknown): unknown {
  if (typeof value === 'number') return value + 0
  if (Array.isArray(value)) return value.map(positive)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, property]) => [key, positive(property)]))
}
