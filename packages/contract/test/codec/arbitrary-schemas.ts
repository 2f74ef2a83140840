import fc from 'fast-check'
import { z } from 'zod'

/** A random schema with values that it tends to accept; the tests add values that it tends to refuse. */
export interface SchemaWithValues {
  readonly schema: z.ZodType
  readonly values: fc.Arbitrary<unknown>
}

const KEYS = ['a', 'b', 'c', 'kind', '0', 'é', 'a b'] as const

const key = fc.constantFrom(...KEYS)

/** Text with characters of one and of two UTF-16 units. */
const text = fc.string({ unit: 'grapheme', maxLength: 8 })

/** JSON values, mostly small; the neighbours of what any schema accepts. */
export const anyPortable: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom(null, true, false, 0, 1, -1, 1.5, 2 ** 40, 2 ** 60, '', 'a', 'aa', '😀', '12'),
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
})).value

const leaf: fc.Arbitrary<SchemaWithValues> = fc.oneof(
  fc.constantFrom<SchemaWithValues>(
    { schema: z.string(), values: text },
    { schema: z.string().min(2).max(4), values: text },
    { schema: z.string().length(2), values: text },
    {
      schema: z.string().regex(/^[a-c]*$/g),
      values: fc.string({ unit: fc.constantFrom('a', 'b', 'd'), maxLength: 3 }),
    },
    { schema: z.string().startsWith('a').endsWith('b').includes('c'), values: fc.constantFrom('acb', 'ab', 'cab') },
    {
      schema: z.uuid(),
      values: fc.oneof(
        fc.uuid(),
        fc.uuid().map((id) => id.slice(1)),
      ),
    },
    { schema: z.iso.datetime(), values: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()) },
    { schema: z.iso.date(), values: fc.constantFrom('2024-02-29', '2023-02-29', '2023-01-01') },
    { schema: z.email(), values: fc.oneof(fc.emailAddress(), text) },
    { schema: z.url(), values: fc.oneof(fc.webUrl(), fc.constant(' https://example.org/ '), text) },
    { schema: z.ipv6(), values: fc.oneof(fc.ipV6(), text) },
    { schema: z.base64(), values: fc.oneof(fc.base64String(), text) },
    { schema: z.templateLiteral(['a', z.int()]), values: fc.constantFrom('a1', 'a', 'a1.5') },
    { schema: z.string().refine((value) => value.length !== 1), values: text },
    {
      schema: z.string().superRefine((value, context) => {
        if (value === 'a') context.addIssue('no a')
      }),
      values: text,
    },
    { schema: z.number(), values: fc.double() },
    { schema: z.int(), values: fc.oneof(fc.maxSafeInteger(), fc.double(), fc.constantFrom(2 ** 53, -0)) },
    { schema: z.int32(), values: fc.oneof(fc.integer(), fc.constantFrom(2 ** 31, -(2 ** 31) - 1, -0, 0.5)) },
    { schema: z.uint32(), values: fc.oneof(fc.nat(), fc.constantFrom(2 ** 32, -1, -0, 2 ** 32 - 1)) },
    { schema: z.float32(), values: fc.double() },
    { schema: z.number().min(0).lt(10), values: fc.double({ min: -1, max: 11 }) },
    { schema: z.number().int().positive(), values: fc.integer({ min: -2, max: 5 }) },
    { schema: z.number().multipleOf(0.1), values: fc.constantFrom(0.3, 0.35, 1.1, 2) },
    { schema: z.boolean(), values: fc.boolean() },
    { schema: z.null(), values: fc.constant(null) },
    { schema: z.literal(['x', 0, true, null]), values: fc.constantFrom('x', 0, -0, true, null, 'y', 1) },
    { schema: z.enum(['a', 'b', 'c']), values: fc.constantFrom('a', 'b', 'd') },
    { schema: z.enum('abcdefghijk'.split('')), values: fc.constantFrom('a', 'k', 'z') },
    { schema: z.unknown(), values: anyPortable },
    { schema: z.any(), values: anyPortable },
    { schema: z.never(), values: anyPortable },
    { schema: z.json(), values: anyPortable },
  ),
)

const changing: fc.Arbitrary<SchemaWithValues> = fc.constantFrom<SchemaWithValues>(
  { schema: z.string().trim().min(1), values: fc.constantFrom(' a ', '  ', 'a', '') },
  {
    schema: z
      .string()
      .min(2)
      .toUpperCase()
      .regex(/^[A-Z]+$/),
    values: fc.constantFrom('a', 'ab', 'a1'),
  },
  { schema: z.string().default('d'), values: fc.option(text, { nil: undefined }) },
  { schema: z.array(z.string()).default(() => ['d']), values: fc.option(fc.array(text), { nil: undefined }) },
  { schema: z.string().default('d').optional(), values: fc.option(text, { nil: undefined }) },
  {
    schema: z.object({ a: z.int().default(1) }).prefault({}),
    values: fc.constantFrom({}, { a: 2 }, { a: 'x' }, undefined),
  },
  { schema: z.int().catch(7), values: anyPortable },
  { schema: z.coerce.number(), values: fc.constantFrom('1', 1, 'x', null, true) },
  { schema: z.stringbool(), values: fc.constantFrom('yes', 'no', 'perhaps') },
  { schema: z.string().transform((value) => value.length), values: text },
  {
    schema: z.preprocess((value) => (typeof value === 'string' ? Number(value) : value), z.int()),
    values: fc.constantFrom('1', 1, 'x', 1.5),
  },
  {
    schema: z.codec(z.iso.datetime(), z.date(), {
      decode: (value) => new Date(value),
      encode: (date) => date.toISOString(),
    }),
    values: fc.oneof(
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(2e12) }).map((date) => date.toISOString()),
      text,
    ),
  },
  { schema: z.object({ a: z.string() }).transform(({ a }) => ({ b: a })), values: fc.record({ a: text }) },
)

/** Random schemas. `changes`: whether transforms, defaults and the like are among them. */
export function schemas(changes: boolean): fc.Arbitrary<SchemaWithValues> {
  const ends = changes ? fc.oneof({ arbitrary: leaf, weight: 3 }, { arbitrary: changing, weight: 2 }) : leaf
  return fc.letrec<{ schema: SchemaWithValues }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { arbitrary: ends, weight: 3 },
      { arbitrary: objects(tie('schema')), weight: 4 },
      { arbitrary: collections(tie('schema')), weight: 2 },
      { arbitrary: wrappers(tie('schema')), weight: 2 },
      { arbitrary: unions(tie('schema')), weight: 2 },
    ),
  })).schema
}

function objects(inner: fc.Arbitrary<SchemaWithValues>): fc.Arbitrary<SchemaWithValues> {
  const properties = fc.dictionary(
    key,
    fc.tuple(inner, fc.constantFrom('required', 'required', 'optional', 'nullish')),
    { maxKeys: 5 },
  )
  const kind = fc.constantFrom('object', 'object', 'strict', 'loose', 'catchall', 'refined', 'readonly')
  return fc.tuple(properties, kind).map(([fields, style]) => {
    const shape = Object.fromEntries(
      Object.entries(fields).map(([name, [field, presence]]) => [name, withPresence(field.schema, presence)]),
    )
    const required = Object.fromEntries(Object.entries(fields).map(([name, [field]]) => [name, field.values]))
    const values = fc
      .tuple(
        fc.record(required, { requiredKeys: [] }),
        fc.record(required),
        fc.boolean(),
        fc.dictionary(key, anyPortable, { maxKeys: 1 }),
      )
      .map(([some, all, complete, extra]) => ({ ...extra, ...(complete ? all : some) }))
    return { schema: styled(shape, style), values }
  })
}

function withPresence(schema: z.ZodType, presence: string): z.ZodType {
  return presence === 'optional' ? schema.optional() : presence === 'nullish' ? schema.nullish() : schema
}

function styled(shape: Record<string, z.ZodType>, style: string): z.ZodType {
  switch (style) {
    case 'strict':
      return z.strictObject(shape)
    case 'loose':
      return z.looseObject(shape)
    case 'catchall':
      return z.object(shape).catchall(z.int())
    case 'refined':
      return z.object(shape).refine((value) => Object.keys(value).length !== 2)
    case 'readonly':
      return z.object(shape).readonly()
    default:
      return z.object(shape)
  }
}

function collections(inner: fc.Arbitrary<SchemaWithValues>): fc.Arbitrary<SchemaWithValues> {
  return fc.oneof(
    inner.map(({ schema, values }) => ({ schema: z.array(schema), values: fc.array(values, { maxLength: 4 }) })),
    inner.map(({ schema, values }) => ({
      schema: z.array(schema).min(1).max(2),
      values: fc.array(values, { maxLength: 4 }),
    })),
    inner.map(({ schema, values }) => ({
      schema: z.record(z.string().max(1), schema),
      values: fc.dictionary(key, values, { maxKeys: 3 }),
    })),
    inner.map(({ schema, values }) => ({
      schema: z.record(z.enum(['a', 'b']), schema),
      values: fc.record({ a: values, b: values }),
    })),
    inner.map(({ schema, values }) => ({
      schema: z.partialRecord(z.enum(['a', 'b']), schema),
      values: fc.dictionary(key, values, { maxKeys: 2 }),
    })),
    fc.tuple(inner, inner).map(([first, second]) => ({
      schema: z.tuple([first.schema, second.schema.optional()]),
      values: fc.oneof(
        fc.tuple(first.values),
        fc.tuple(first.values, second.values),
        fc.array(first.values, { maxLength: 3 }),
      ),
    })),
    fc.tuple(inner, inner).map(([first, second]) => ({
      schema: z.tuple([first.schema], second.schema),
      values: fc.tuple(first.values, fc.array(second.values, { maxLength: 2 })).map(([head, tail]) => [head, ...tail]),
    })),
  )
}

function wrappers(inner: fc.Arbitrary<SchemaWithValues>): fc.Arbitrary<SchemaWithValues> {
  return fc.oneof(
    inner.map(({ schema, values }) => ({ schema: schema.nullable(), values: fc.option(values) })),
    inner.map(({ schema, values }) => ({ schema: schema.readonly(), values })),
    inner.map(({ schema, values }) => ({ schema: z.lazy(() => schema), values })),
    inner.map(({ schema, values }) => ({ schema: schema.refine((value) => value !== 'a'), values })),
    inner.map(({ schema, values }) => ({ schema: schema.optional().nonoptional(), values })),
  )
}

function unions(inner: fc.Arbitrary<SchemaWithValues>): fc.Arbitrary<SchemaWithValues> {
  const both = fc.tuple(inner, inner)
  return fc.oneof(
    both.map(([first, second]) => ({
      schema: z.union([first.schema, second.schema]),
      values: fc.oneof(first.values, second.values),
    })),
    both.map(([first, second]) => ({
      schema: z.xor([first.schema, second.schema]),
      values: fc.oneof(first.values, second.values),
    })),
    both.map(([first, second]) => ({
      schema: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('one'), a: first.schema }),
        z.object({ kind: z.literal(['two', 2]), a: second.schema, b: first.schema.optional() }),
      ]),
      values: fc.record({
        kind: fc.constantFrom('one', 'two', 2, 'three'),
        a: fc.oneof(first.values, second.values),
        b: first.values,
      }),
    })),
    both.map(([first, second]) => ({
      schema: z.intersection(z.object({ a: first.schema }), z.object({ a: first.schema, b: second.schema.optional() })),
      values: fc.record({ a: first.values, b: second.values }, { requiredKeys: ['a'] }),
    })),
    both.map(([first, second]) => ({
      schema: z.intersection(z.strictObject({ a: first.schema }), z.looseObject({ b: second.schema })),
      values: fc.record({ a: first.values, b: second.values }),
    })),
  )
}
