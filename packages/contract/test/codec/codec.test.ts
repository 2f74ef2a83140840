import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import {
  type Checked,
  type Codec,
  CodecError,
  compileCodec,
  isCodecError,
  type StandardSchema,
} from '../../src/codec/index.js'

const line = z.object({ sku: z.string(), quantity: z.int() })
const order = z.object({ orderId: z.uuid(), lines: z.array(line).min(1), note: z.string().optional() })
const orderId = '6f1c2a34-9c53-4b6e-8a58-0d8f6a3c9b11'

function value(checked: Checked): unknown {
  if (!checked.ok) throw new Error(JSON.stringify(checked.issues))
  return checked.value
}

function refuse(checked: Checked): (readonly [string, string])[] {
  if (checked.ok) throw new Error('Expected the value to be refused')
  return checked.issues.map(({ path, message }) => [path.join('.'), message] as const)
}

afterEach(() => vi.unstubAllGlobals())

describe('check and decode', () => {
  it('strip fields that the schema does not name, at every level', () => {
    const sent = { orderId, passwordHash: 'x', lines: [{ sku: 'a', quantity: 1, cost: 2 }] }
    deepStrictEqual(value(compileCodec(order).check(sent)), { orderId, lines: [{ sku: 'a', quantity: 1 }] })
    deepStrictEqual(sent, { orderId, passwordHash: 'x', lines: [{ sku: 'a', quantity: 1, cost: 2 }] })
  })

  it('report refusals in the words of the library, with paths and codes', () => {
    const checked = compileCodec(order).check({ orderId: 'x', lines: [{ sku: 1, quantity: 0.5 }] })
    const expected = order.safeParse({ orderId: 'x', lines: [{ sku: 1, quantity: 0.5 }] }).error?.issues
    expect(checked).toEqual({
      ok: false,
      issues: expected?.map(({ path, message, code }) => ({ path, message, code })),
    })
    expect(expected).toHaveLength(3)
  })

  it('keep the order of the schema and leave out what is undefined', () => {
    const copy = value(compileCodec(order).check({ note: undefined, lines: [{ quantity: 1, sku: 'a' }], orderId }))
    expect(JSON.stringify(copy)).toBe(`{"orderId":"${orderId}","lines":[{"sku":"a","quantity":1}]}`)
  })

  it('make 0 of -0, also where a literal or an enum asks for 0', () => {
    const codec = compileCodec(z.object({ a: z.number(), b: z.literal([0, 1]), c: z.int32() }))
    deepStrictEqual(value(codec.check({ a: -0, b: -0, c: -0 })), { a: 0, b: 0, c: 0 })
  })

  it('take an absent value where the schema makes the whole value optional', () => {
    deepStrictEqual(compileCodec(order.optional()).check(undefined), { ok: true, value: undefined })
    deepStrictEqual(compileCodec(z.object({ limit: z.int().default(10) }).prefault({})).decode(undefined), {
      ok: true,
      value: { limit: 10 },
    })
    expect(compileCodec(order).check(undefined).ok).toBe(false)
  })

  it('make the value from one reading of each property, so that what was validated is what was copied', () => {
    let reads = 0
    const shifting = {
      sku: 'a',
      get quantity() {
        reads += 1
        return reads === 1 ? 1 : 'drop table'
      },
    }
    deepStrictEqual(value(compileCodec(line).check(shifting)), { sku: 'a', quantity: 1 })
    expect(reads).toBe(1)
  })

  it('never give what was not validated, whatever a getter answers at each reading (P2)', () => {
    const schema = z.union([
      z.object({ kind: z.literal('a'), n: z.int() }),
      z.object({ kind: z.literal('b'), s: z.string() }),
    ])
    for (const codec of [compileCodec(schema), compileCodec(z.object({ v: schema, d: z.int().default(1) }))]) {
      for (let start = 0; start < 8; start++) {
        let turn = start
        const shifting = {
          get kind() {
            return ['a', 'b', 1][turn++ % 3]
          },
          get n() {
            return turn++ % 2 ? 1 : 'x'
          },
          get s() {
            return turn++ % 2 ? 's' : 2
          },
        }
        const checked = codec.check(codec.transforms ? { v: shifting } : shifting)
        if (checked.ok)
          expect((codec.transforms ? z.object({ v: schema }) : schema).safeParse(checked.value).success).toBe(true)
      }
    }
  })
})

describe('text of which a pattern proves that it is portable', () => {
  const id = fc.uuid()
  const damage = fc.constantFrom('', '\u0000', '\ud800', '\udc00', '\n', 'é', '-', 'g', '0', 'A', '0'.repeat(36))
  const damaged = fc
    .tuple(id, fc.nat(36), fc.nat(2), damage)
    .map(([text, at, removed, put]) => text.slice(0, at) + put + text.slice(at + removed))

  it.each([z.uuid(), z.uuidv4(), z.uuidv7(), z.guid(), z.string().uuid()])('is what the library takes', (schema) => {
    const codec = compileCodec(schema)
    fc.assert(
      fc.property(fc.oneof(id, damaged, fc.string({ unit: 'binary' })), (text) => {
        expect(codec.check(text).ok).toBe(schema.safeParse(text).success)
      }),
    )
    for (const text of ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', orderId])
      expect(codec.check(text).ok).toBe(schema.safeParse(text).success)
  })

  it.each([
    [/[a-f]/, 'a\u0000'],
    [/^[a-f]/, 'a\u0000'],
    [/[a-f]$/, '\ud800a'],
    [/^([a-f]{1})$/m, 'a\n\u0000'],
    [/^([a-f]|.)$/, '\u0000'],
    [/^([^a]{1})$/, '\ud800'],
    [/^(\W{1})$/, '\u0000'],
    [/^(a)|([^b])$/, '\u0000'],
    [/^([a-\uffff])$/, '\ud800'],
  ])('is looked at where %s lets through what is not', (pattern, text) => {
    expect(pattern.test(text)).toBe(true)
    expect(compileCodec(z.string().regex(pattern)).check(text).ok).toBe(false)
  })
})

describe('objects of a schema', () => {
  class Line {
    sku = 'a'
    quantity = 1
  }

  it.each([
    ['a class instance', new Line()],
    ['an object that inherits its fields', Object.create({ sku: 'a', quantity: 1 })],
    ['an array with fields', Object.assign([], { sku: 'a', quantity: 1 })],
    ['a function with fields', Object.assign(() => 1, { sku: 'a', quantity: 1 })],
  ])('refuse %s, though its fields are right (P1)', (_name, sent) => {
    for (const schema of [line, z.strictObject(line.shape), z.looseObject(line.shape), z.record(z.string(), z.any())]) {
      expect(compileCodec(schema).check(sent).ok).toBe(false)
      expect(compileCodec(schema.optional().default({} as never)).check(sent).ok).toBe(false)
    }
  })
})

describe('unions', () => {
  it('copy the input form of the option that decodes the value, not of the first that looks alike', () => {
    const short = z.object({ name: z.string().trim().min(3) })
    const long = z.object({ name: z.string().trim(), size: z.int().optional() })
    const codec = compileCodec(z.union([short, long]))
    deepStrictEqual(value(codec.check({ name: ' a ', size: 1, x: 2 })), { name: ' a ', size: 1 })
    deepStrictEqual(value(codec.decode({ name: ' a ', size: 1, x: 2 })), { name: 'a', size: 1 })
  })

  it('leave to the library what one side of an intersection refuses and the other knows', () => {
    const both = z.intersection(z.strictObject({ a: z.int() }), z.looseObject({ b: z.int() }))
    const schema = z.union([both, z.object({ a: z.int() })])
    const sent = { a: 1, b: 2 }
    deepStrictEqual(value(compileCodec(schema).check(sent)), schema.parse(sent))
    deepStrictEqual(schema.parse(sent), sent)
  })
})

describe('discriminated unions', () => {
  const payment = z.discriminatedUnion('method', [
    z.object({ method: z.literal('card'), token: z.string() }),
    z.object({ method: z.enum(['cash', 'voucher']), amount: z.int() }),
  ])
  const codec = compileCodec(payment)

  it('take the fields of the option that the discriminator names, and no others', () => {
    deepStrictEqual(value(codec.check({ method: 'card', token: 't', amount: 1 })), { method: 'card', token: 't' })
    deepStrictEqual(value(codec.check({ method: 'voucher', token: 't', amount: 1 })), { method: 'voucher', amount: 1 })
  })

  it('refuse an unknown discriminator in the words of the library', () => {
    expect(refuse(codec.check({ method: 'barter' }))).toEqual([
      ['method', expect.stringContaining("'card' | 'cash' | 'voucher'")],
    ])
  })
})

describe('recursion', () => {
  const category = z.object({
    name: z.string(),
    get children() {
      return z.array(category)
    },
  })
  const codec = compileCodec(category)

  it('copies trees', () => {
    const tree = { name: 'a', children: [{ name: 'b', children: [], x: 1 }] }
    expect(codec.strategy()).toEqual({ kind: 'generated' })
    deepStrictEqual(value(codec.check(tree)), { name: 'a', children: [{ name: 'b', children: [] }] })
    expect(codec.jsonSchema.properties).toMatchObject({ children: { items: { $ref: '#' } } })
  })

  it('refuses a tree that contains itself, and one deeper than 100 levels', () => {
    const cyclic = { name: 'a', children: [] as unknown[] }
    cyclic.children.push(cyclic)
    expect(refuse(codec.check(cyclic))).toEqual([['children.0', expect.stringContaining('contains itself')]])
    const deep = (levels: number): unknown =>
      levels === 0 ? { name: 'end', children: [] } : { name: 'a', children: [deep(levels - 1)] }
    expect(codec.check(deep(49)).ok).toBe(true)
    expect(refuse(codec.check(deep(50)))).toEqual([[expect.any(String), expect.stringContaining('deeper than 100')]])
  })
})

describe('schemas that change values', () => {
  const search = z.object({
    text: z.string().trim().min(1),
    limit: z.int().default(20),
    tags: z.array(z.string()).default([]),
    since: z
      .codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
      .optional(),
  })
  const codec = compileCodec(search)

  it('check gives the input form, decode what the receiver sees', () => {
    const sent = { text: ' a ', since: '2026-01-01T00:00:00Z', extra: 1 }
    expect(codec.transforms).toBe(true)
    expect(codec.strategy()).toEqual({ kind: 'generated' })
    deepStrictEqual(value(codec.check(sent)), { text: ' a ', since: '2026-01-01T00:00:00Z' })
    deepStrictEqual(value(codec.decode(sent)), {
      text: 'a',
      limit: 20,
      tags: [],
      since: new Date('2026-01-01T00:00:00Z'),
    })
  })

  it('check refuses what decode would refuse', () => {
    expect(refuse(codec.check({ text: '  ' }))).toEqual(refuse(codec.decode({ text: '  ' })))
  })

  it('give a default that is nobody else’s (P2)', () => {
    const first = value(codec.decode({ text: 'a' })) as { tags: string[] }
    first.tags.push('mine')
    deepStrictEqual((value(codec.decode({ text: 'a' })) as { tags: string[] }).tags, [])
    const nested = compileCodec(z.object({ filter: z.object({ tags: z.array(z.string()) }).default({ tags: [] }) }))
    const filtered = value(nested.decode({})) as { filter: { tags: string[] } }
    filtered.filter.tags.push('mine')
    deepStrictEqual(value(nested.decode({})), { filter: { tags: [] } })
    const caught = compileCodec(z.object({ tags: z.array(z.string()).catch(['none']) }))
    const second = value(caught.decode({ tags: 1 })) as { tags: string[] }
    second.tags.push('mine')
    deepStrictEqual(value(caught.decode({ tags: 1 })), { tags: ['none'] })
  })

  it('describe the input form', () => {
    expect(codec.jsonSchema).toMatchObject({
      required: ['text'],
      properties: { since: { type: 'string' }, limit: { default: 20 } },
    })
  })
})

describe('checks of an author', () => {
  it('are asked about the copy, after the structure', () => {
    const seen: unknown[] = []
    const codec = compileCodec(
      z.object({ a: z.int() }).refine((found) => seen.push(found) > 0 && found.a !== 3, 'not three'),
    )
    const sent = { a: 1, b: 2 }
    deepStrictEqual(value(codec.check(sent)), { a: 1 })
    expect(seen).toEqual([{ a: 1 }])
    expect(refuse(codec.check({ a: 3 }))).toEqual([['', 'not three']])
    expect(codec.strategy()).toEqual({ kind: 'generated' })
  })

  it('that answer with a promise or throw refuse the value, without an unhandled rejection', async () => {
    for (const refinement of [
      () => Promise.resolve(true),
      () => {
        throw new Error('secret')
      },
    ]) {
      for (const schema of [z.string().refine(refinement), z.string().transform(refinement)]) {
        const codec = compileCodec(z.object({ a: z.union([schema, z.string()]).optional(), b: schema }))
        expect(codec.check({ b: 'x' })).toMatchObject({ ok: false, issues: [{ path: [], code: 'unanswered' }] })
        expect(codec.decode({ b: 'x' }).ok).toBe(false)
      }
    }
    await new Promise(setImmediate)
  })

  it('that are async functions are refused when the contract is made', () => {
    const schema = z.object({ a: z.string().refine(async () => true), b: z.string().transform(async () => 1) })
    expect(caught(() => compileCodec(schema)).problems).toEqual([
      { path: 'a', message: expect.stringContaining('async function'), remedy: expect.stringContaining('handler') },
      { path: 'b', message: expect.stringContaining('async function'), remedy: expect.stringContaining('handler') },
    ])
  })

  it('that rewrite the value are left to the library', () => {
    const codec = compileCodec(
      z.string().superRefine((text, context) => {
        context.value = text.trim()
      }),
    )
    deepStrictEqual(codec.decode(' a '), { ok: true, value: 'a' })
  })
})

describe('refused schemas', () => {
  it('are listed all together, with the place and the remedy', () => {
    const schema = z.object({
      at: z.date(),
      lines: z.array(z.object({ total: z.bigint() })),
      seen: z.record(z.string(), z.set(z.string())),
      by: z.map(z.string(), z.int()),
    })
    const error = caught(() => compileCodec(schema))
    expect(isCodecError(error)).toBe(true)
    expect(error.problems.map(({ path }) => path)).toEqual(['at', 'lines[].total', 'seen{}', 'by'])
    expect(error.message).toContain(
      'at: z.date() has no JSON Schema, so its values cannot cross a contract. Use z.iso.datetime()',
    )
  })

  it.each([
    ['z.undefined', z.undefined()],
    ['z.void', z.void()],
    ['z.nan', z.nan()],
    ['z.symbol', z.symbol()],
    ['z.instanceof', z.instanceof(Date)],
    ['z.custom', z.custom<string>()],
    ['z.transform', z.transform((found) => found)],
    ['z.promise', z.promise(z.string())],
    ['a literal undefined', z.literal([undefined, 'a'])],
    ['a coerced date', z.coerce.date()],
    ['a codec from a date', z.codec(z.date(), z.string(), { decode: String, encode: (text) => new Date(text) })],
    ['below a lazy', z.lazy(() => z.object({ at: z.date() }))],
  ])('%s', (_name, schema) => {
    expect(() => compileCodec(schema)).toThrow(CodecError)
  })

  it('are never one whose JSON Schema fails later', () => {
    for (const schema of [z.file(), z.success(z.string()), z.function()]) {
      try {
        const codec = compileCodec(schema as unknown as StandardSchema)
        expect(codec.jsonSchema).toBeTypeOf('object')
      } catch (error) {
        expect(isCodecError(error)).toBe(true)
      }
    }
  })

  it('are what is no schema, or has no JSON Schema', () => {
    const bare = { '~standard': { version: 1, vendor: 'bare', validate: (found: unknown) => ({ value: found }) } }
    for (const schema of [bare, {}, null, undefined, 'x']) {
      expect(caught(() => compileCodec(schema as unknown as StandardSchema)).message).toContain('Standard JSON Schema')
    }
  })
})

function caught(action: () => unknown): CodecError {
  try {
    action()
  } catch (error) {
    return error as CodecError
  }
  throw new Error('Expected a CodecError')
}

/** A schema of a library that the codec knows nothing about. */
function foreign(): StandardSchema {
  const jsonSchema = {
    type: 'object',
    properties: { id: { type: 'string' }, item: { anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }] } },
    required: ['id'],
    $defs: { a: { type: 'object', properties: { n: { type: 'number' } } } },
  }
  return {
    '~standard': {
      version: 1,
      vendor: 'foreign',
      validate: (found) =>
        typeof (found as { id?: unknown }).id === 'string'
          ? { value: found }
          : { issues: [{ message: 'id is missing', path: [{ key: 'id' }] }] },
      jsonSchema: { input: () => jsonSchema, output: () => jsonSchema },
    },
  }
}

describe('without generated code', () => {
  it('another library validates a copy that was stripped by its JSON Schema', () => {
    const codec = compileCodec(foreign())
    const sent = { id: 'a', item: { n: 1, secret: 2 }, secret: 3 }
    expect(codec.strategy()).toMatchObject({ kind: 'library', because: expect.stringContaining('foreign') })
    deepStrictEqual(value(codec.check(sent)), { id: 'a', item: { n: 1 } })
    deepStrictEqual(value(codec.decode(sent)), { id: 'a', item: { n: 1 } })
    expect((value(codec.decode(sent)) as typeof sent).item).not.toBe(sent.item)
    expect(codec.check({ item: null })).toEqual({ ok: false, issues: [{ path: ['id'], message: 'id is missing' }] })
    expect(codec.check({ id: 'a', item: { n: Number.NaN } })).toMatchObject({
      ok: false,
      issues: [{ path: ['item', 'n'] }],
    })
  })

  it('the same values come through where the platform forbids code from text', () => {
    const values = [
      { orderId, lines: [{ sku: 'a', quantity: -0, x: 1 }], y: 1 },
      { orderId: 'x', lines: [] },
      { orderId, lines: [{ sku: 'a\u0000', quantity: 1 }] },
    ]
    const expected = values.map((sent) => compileCodec(order).check(sent))
    const codec = withoutEval(() => compileCodec(order))
    expect(codec.strategy()).toMatchObject({ kind: 'library', because: expect.stringContaining('forbidden') })
    deepStrictEqual(
      values.map((sent) => codec.check(sent)),
      expected,
    )
  })

  it('a version of zod that was not compared is left to itself', () => {
    const schema = z.object({ a: z.string().trim() })
    Object.assign(schema._zod, { version: { major: 4, minor: 99, patch: 0 } })
    const codec = compileCodec(schema)
    expect(codec.strategy()).toMatchObject({ kind: 'library', because: expect.stringContaining('zod 4.99') })
    deepStrictEqual(value(codec.check({ a: ' x ', b: 1 })), { a: ' x ' })
    deepStrictEqual(value(codec.decode({ a: ' x ', b: 1 })), { a: 'x' })
  })

  it('a schema class that is not zod’s own decides for itself', () => {
    const schema = z.string()
    schema._zod.traits.add('$Shouting')
    const parse = schema._zod.run
    schema._zod.run = (payload, context) =>
      payload.value === 'QUIET'
        ? { ...payload, issues: [{ code: 'custom', message: 'no', input: '' }] }
        : parse(payload, context)
    const codec = compileCodec(z.object({ a: schema }))
    expect(codec.check({ a: 'x' }).ok).toBe(true)
    expect(codec.check({ a: 'QUIET' }).ok).toBe(false)
  })
})

function withoutEval(make: () => Codec): Codec {
  vi.stubGlobal(
    'Function',
    class {
      constructor() {
        throw new EvalError('Code generation from strings is forbidden')
      }
    },
  )
  const codec = make()
  codec.strategy()
  vi.unstubAllGlobals()
  return codec
}
