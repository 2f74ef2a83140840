import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { compileCodec, emptyCodec } from '../../src/codec/index.js'
import { anyPortable, schemas } from './arbitrary-schemas.js'

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

interface Told {
  readonly schema: z.ZodType
  readonly values: fc.Arbitrary<unknown>
}

/** Parts of schemas whose bound is told, with values that take as many bytes as they can. */
const { told } = fc.letrec<{ told: Told }>((tie) => {
  const inner = tie('told')
  const expensive = fc.oneof(
    fc.string({ unit: fc.constantFrom('\u0001', '"', '\\', 'a', 'é', '€', '😀'), maxLength: 20 }),
    fc.nat(20).map((length) => '\u0001'.repeat(length)),
  )
  return {
    told: fc.oneof<fc.Arbitrary<Told>[]>(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom<Told[]>(
        { schema: z.string(), values: expensive },
        {
          schema: z.number(),
          values: fc.oneof(
            fc.double({ noNaN: true, noDefaultInfinity: true }),
            fc.constantFrom(-Number.MAX_VALUE, -2.2250738585072014e-308, -5e-324, -1.2345678901234567e-100),
          ),
        },
        { schema: z.boolean(), values: fc.boolean() },
        { schema: z.enum(['a', '"\u0001€', '😀😀']), values: fc.constantFrom('a', '"\u0001€', '😀😀') },
        {
          schema: z.literal([null, 1e21, -123456789.125, 'x']),
          values: fc.constantFrom(null, 1e21, -123456789.125, 'x'),
        },
      ),
      inner.map(({ schema, values }) => ({ schema: z.array(schema), values: fc.array(values, { maxLength: 5 }) })),
      inner.map(({ schema, values }) => ({ schema: schema.nullable(), values: fc.option(values) })),
      inner.map(({ schema, values }) => ({ schema: schema.readonly(), values })),
      fc.tuple(inner, inner, inner).map(([one, two, three]) => ({
        schema: z.object({ a: one.schema, 'é"\u0001': two.schema, c: three.schema.optional() }),
        values: fc.record(
          { a: one.values, 'é"\u0001': two.values, c: three.values },
          { requiredKeys: ['a', 'é"\u0001'] },
        ),
      })),
    ),
  }
})

describe('the bound of how many bytes of JSON a value takes', () => {
  test('is never below what it takes, and is told for objects and arrays of what is plain', () => {
    fc.assert(
      fc.property(
        told.chain(({ schema, values }) => fc.tuple(fc.constant(compileCodec(schema)), values)),
        ([codec, value]) => {
          const checked = codec.check(value)
          expect(checked.ok).toBe(true)
          if (!checked.ok) return
          const bound = codec.jsonBytesBound(checked.value)
          expect(bound).toBeGreaterThanOrEqual(bytesOf(checked.value))
          expect(bound).toBeLessThan(Number.POSITIVE_INFINITY)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('is never below what it takes, whatever the schema', () => {
    fc.assert(
      fc.property(
        schemas(true).chain(({ schema, values }) => fc.tuple(fc.constant(schema), fc.oneof(values, anyPortable))),
        ([schema, value]) => {
          const codec = compileCodec(schema)
          const checked = codec.check(value)
          if (checked.ok) expect(codec.jsonBytesBound(checked.value)).toBeGreaterThanOrEqual(bytesOf(checked.value))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test.each<[string, z.ZodType, unknown]>([
    ['what is unknown', z.object({ a: z.unknown() }), { a: 'x' }],
    ['a record', z.record(z.string(), z.string()), { a: 'x' }],
    ['a union', z.union([z.string(), z.number()]), 'x'],
    ['fields that the schema does not name', z.looseObject({ a: z.string() }), { a: 'x', b: 'y' }],
    ['a name that every object inherits', z.object({ toString: z.string().optional() }), {}],
    ['what is decoded', z.object({ a: z.string().default('x') }), {}],
  ])('is Infinity for %s', (_, schema, value) => {
    const codec = compileCodec(schema)
    const checked = codec.check(value)
    expect(checked.ok && codec.jsonBytesBound(checked.value)).toBe(Number.POSITIVE_INFINITY)
  })

  test('of no value at all is that of null', () => {
    expect(emptyCodec.jsonBytesBound(undefined)).toBe(4)
  })
})
