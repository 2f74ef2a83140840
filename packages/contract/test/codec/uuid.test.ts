import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { isUuid, isUuidPattern } from '../../src/codec/uuid.js'

const { pattern } = (z.uuid() as unknown as { _zod: { def: { pattern: RegExp } } })._zod.def

test('the pattern of the schema library is recognized, and no other', () => {
  expect(isUuidPattern(pattern)).toBe(true)
  expect(isUuidPattern(new RegExp(pattern.source, 'i'))).toBe(false)
  expect(isUuidPattern(/^a$/)).toBe(false)
})

test('says what the pattern says of every text', () => {
  const unit = fc.constantFrom(...'0123456789abcdefABCDEFgG-8\u0661é')
  const group = (count: number): fc.Arbitrary<string> =>
    fc.array(unit, { minLength: count, maxLength: count }).map((units) => units.join(''))
  const digits = (count: number): fc.Arbitrary<string> =>
    fc
      .array(fc.constantFrom(...'0123456789abcdefABCDEF'), { minLength: count, maxLength: count })
      .map((units) => units.join(''))
  const shaped = (part: (count: number) => fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(part(8), part(4), part(4), part(4), part(12)).map((groups) => groups.join('-'))
  const texts = fc.oneof(
    fc.uuid(),
    shaped(digits),
    shaped(group),
    fc.string(),
    fc.constantFrom(
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    ),
  )
  fc.assert(
    fc.property(texts, (text) => {
      expect(isUuid(text)).toBe(pattern.test(text))
    }),
    { numRuns: 3_000 },
  )
})
