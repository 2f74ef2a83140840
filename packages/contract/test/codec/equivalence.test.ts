import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Checked, compileCodec, portableCopy } from '../../src/codec/index.js'
import { anyPortable, schemas } from './arbitrary-schemas.js'

/** What the schema library says of a portable copy of the value: the verdict and output that generated code must match. */
function verdictOf(schema: z.ZodType, value: unknown): Checked | 'not portable' | 'none' {
  const copy = value === undefined ? { ok: true as const, value } : portableCopy(value)
  // What is not portable may lie in a part that no schema names, which generated code takes away unread.
  if (!copy.ok) return 'not portable'
  try {
    const result = schema.safeParse(copy.value)
    if (!result.success) return { ok: false, issues: [] }
    return hasUndefinedElement(result.data) ? 'not portable' : { ok: true, value: withoutUndefined(result.data) }
  } catch {
    // An intersection whose sides cannot be merged makes the library throw, also within an option that another property
    // refuses. Generated code leaves such an option at its first refusal, and may find one that takes the value.
    return isAmbiguous(schema) ? 'none' : { ok: false, issues: [] }
  }
}

/** Whatever was taken, what crosses is portable. */
function expectPortable(checked: Checked): void {
  expect(!checked.ok || checked.value === undefined || portableCopy(checked.value).ok).toBe(true)
}

/** A tuple of zod may fill in undefined for an element that is not there; no portable value has that. */
function hasUndefinedElement(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(
    (inner) => (inner === undefined && Array.isArray(value)) || hasUndefinedElement(inner),
  )
}

/** Properties that are undefined count as absent. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, property]) => property !== undefined)
      .map(([key, property]) => [key, withoutUndefined(property)]),
  )
}

function objectsIn(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found
  found.add(value)
  for (const inner of Object.values(value)) objectsIn(inner, found)
  return found
}

/** Whether a union without discriminator is somewhere in a schema (a catch is one with anything else). */
function isAmbiguous(schema: unknown, seen: Set<unknown> = new Set()): boolean {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return false
  seen.add(schema)
  const def = (schema as Partial<z.ZodType>)._zod?.def as Record<string, unknown> | undefined
  if (def === undefined) return Object.values(schema).some((inner) => isAmbiguous(inner, seen))
  if (def.type === 'catch' || (def.type === 'union' && def.discriminator === undefined)) return true
  const inner = def.type === 'lazy' ? (schema as z.ZodLazy)._zod.innerType : undefined
  return [inner, ...Object.values(def)].some((found) => isAmbiguous(found, seen))
}

/** Lets a failed property print the JSON Schema in place of everything that zod keeps in a schema. */
function readable(schema: z.ZodType): z.ZodType {
  const text = () => JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }))
  return Object.assign(schema, { [fc.toStringMethod]: text })
}

const withValues = (changes: boolean) =>
  schemas(changes).chain(({ schema, values }) =>
    fc.tuple(
      fc.constant(readable(schema)),
      fc.array(fc.oneof({ arbitrary: values, weight: 3 }, anyPortable), { minLength: 1, maxLength: 8 }),
    ),
  )

// Shrinking a schema together with its values takes minutes, so it is asked for: CODEC_SHRINK=1, with the seed and path of the failure.
const RUNS = Number(process.env.CODEC_RUNS ?? 400)
const limits = { interruptAfterTimeLimit: 20_000, endOnFailure: process.env.CODEC_SHRINK === undefined }

describe('generated code against the schema library', () => {
  it('gives the verdict and the value of the library, for schemas that change nothing', () => {
    fc.assert(
      fc.property(withValues(false), ([schema, values]) => {
        const codec = compileCodec(schema)
        expect(codec.strategy()).toEqual({ kind: 'generated' })
        expect(codec.transforms).toBe(false)
        for (const value of values) {
          const expected = verdictOf(schema, value)
          if (typeof expected === 'string') {
            expectPortable(codec.check(value))
            continue
          }
          for (const checked of [codec.check(value), codec.decode(value)]) {
            expect(checked.ok).toBe(expected.ok)
            if (checked.ok && expected.ok) deepStrictEqual(checked.value, expected.value)
            if (!checked.ok) expect(checked.issues.length).toBeGreaterThan(0)
          }
        }
      }),
      { numRuns: RUNS, ...limits },
    )
  })

  it('gives the verdict and the output of the library, for schemas that change values', () => {
    fc.assert(
      fc.property(withValues(true), ([schema, values]) => {
        const codec = compileCodec(schema)
        expect(codec.strategy()).toEqual({ kind: 'generated' })
        for (const value of values) {
          const expected = verdictOf(schema, value)
          if (typeof expected === 'string') {
            expectPortable(codec.check(value))
            continue
          }
          const decoded = codec.decode(value)
          const checked = codec.check(value)
          expect(decoded.ok).toBe(expected.ok)
          expect(checked.ok).toBe(expected.ok)
          if (decoded.ok && expected.ok) deepStrictEqual(withoutUndefined(decoded.value), expected.value)
          if (!checked.ok || !expected.ok) continue
          // The receiver decodes what the sender's check let cross, and must see what the sender's value means.
          expectPortable(checked)
          const received = codec.decode(checked.value)
          // Stripping may open the way to another option of a union that no property discriminates.
          if (!isAmbiguous(schema)) deepStrictEqual(received.ok && withoutUndefined(received.value), expected.value)
        }
      }),
      { numRuns: RUNS, ...limits },
    )
  })

  it('shares no object with the value that it was given, nor between two copies (P2)', () => {
    fc.assert(
      fc.property(withValues(true), ([schema, values]) => {
        const codec = compileCodec(schema)
        for (const value of values) {
          const sources = objectsIn(value)
          const copies = [codec.check(value), codec.decode(value), codec.check(value), codec.decode(value)]
          const seen = new Set<object>(sources)
          for (const copy of copies) {
            if (!copy.ok) continue
            const objects = objectsIn(copy.value)
            for (const object of objects) expect(seen.has(object)).toBe(false)
            for (const object of objects) seen.add(object)
          }
        }
      }),
      { numRuns: Math.ceil(RUNS / 3), ...limits },
    )
  })
})
