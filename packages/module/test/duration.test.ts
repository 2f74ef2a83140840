import { isBanyanError } from '@banyan/errors'
import { parseDuration, readDuration } from '@banyan/module'
import { describe, expect, it } from 'vitest'

describe('parseDuration', () => {
  it.each([
    [250, 250],
    [0, 0],
    ['250ms', 250],
    ['2s', 2000],
    ['10m', 600_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
  ] as const)('reads %s as %i ms', (duration, ms) => expect(parseDuration(duration)).toBe(ms))

  it.each(['10', '10 m', '-1s', '1w', 's', '1e3s', '', Number.NaN, Number.POSITIVE_INFINITY, -1])(
    'refuses %s',
    (duration) => {
      expect(readDuration(duration)).toBeUndefined()
      try {
        parseDuration(duration)
      } catch (error) {
        expect(isBanyanError(error, 'invalid-duration')).toBe(true)
        return
      }
      expect.unreachable()
    },
  )
})
