import { contract } from '@banyan/contract'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { serve } from '../support/gateways.js'

const item = z.object({
  text: z.string(),
  maybe: z.string().optional(),
  nullable: z.string().nullable(),
  count: z.number().int(),
  ratio: z.number(),
  on: z.boolean(),
  day: z.iso.date().nullable(),
  kind: z.enum(['a', 'b"c']),
  list: z.array(z.object({ name: z.string(), inner: z.number().nullable() })),
})
const outputs = {
  plain: item,
  list: z.array(item),
  union: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('a'), a: z.string() }),
    z.object({ kind: z.literal('b'), b: z.number() }),
  ]),
  record: z.record(z.string(), z.number()),
  withDefault: z.object({ size: z.number().default(3) }),
  text: z.string(),
}

const text = fc.string({ unit: 'grapheme' })
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
const items = fc.record(
  {
    text,
    maybe: text,
    nullable: fc.option(text),
    count: fc.maxSafeInteger(),
    ratio: number,
    on: fc.boolean(),
    day: fc.constantFrom('2024-02-29', null),
    kind: fc.constantFrom('a', 'b"c'),
    list: fc.array(fc.record({ name: text, inner: fc.option(number) }), { maxLength: 3 }),
  },
  { requiredKeys: ['text', 'nullable', 'count', 'ratio', 'on', 'day', 'kind', 'list'] },
)
const values: Record<keyof typeof outputs, fc.Arbitrary<unknown>> = {
  plain: items,
  list: fc.array(items, { maxLength: 3 }),
  union: fc.oneof(fc.record({ kind: fc.constant('a'), a: text }), fc.record({ kind: fc.constant('b'), b: number })),
  record: fc.dictionary(text, number),
  withDefault: fc.record({ size: number }, { requiredKeys: [] }),
  text,
}

const shapes = contract({
  name: 'shapes',
  version: '1.0.0',
  queries: {
    plain: { output: outputs.plain, http: 'GET /plain', access: 'public' },
    list: { output: outputs.list, http: 'GET /list', access: 'public' },
    union: { output: outputs.union, http: 'GET /union', access: 'public' },
    record: { output: outputs.record, http: 'GET /record', access: 'public' },
    withDefault: { output: outputs.withDefault, http: 'GET /withDefault', access: 'public' },
    text: { output: outputs.text, http: 'GET /text', access: 'public' },
  },
})

describe('an output over HTTP is what JSON.stringify would write', () => {
  test.each(Object.keys(outputs) as (keyof typeof outputs)[])('%s', async (name) => {
    let value: unknown
    const { get } = await serve({
      contracts: [shapes],
      operations: { [`shapes.${name}`]: () => ({ ok: true, value }) },
    })
    await fc.assert(
      fc.asyncProperty(values[name], async (given) => {
        value = given
        const response = await get(`/${name}`)
        expect(response.status).toBe(200)
        expect(await response.json()).toEqual(JSON.parse(JSON.stringify(given)))
      }),
      { numRuns: 40 },
    )
  })
})
