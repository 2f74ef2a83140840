import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { expect, test } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import type { Placement } from '../placements.js'
import { keepingSeed, seedsToTry } from './seeds.js'
import { storyOf } from './story.js'
import { type Observed, tell } from './tell.js'

const folder = join(import.meta.dirname, '../seeds')
const freshSeeds = 3

const seeds = seedsToTry(folder, process.env.BANYAN_SEED, () =>
  Array.from({ length: freshSeeds }, () => Math.floor(createAmbient().random() * 2 ** 31)),
)

async function expectSame(seed: number, placement: Placement, expected: Observed): Promise<void> {
  expect(await tell(storyOf(seed), placement, seed), placement).toEqual(expected)
}

withNats.describe('P1 a story that chance tells has the same outcomes, events and state in every placement', () => {
  test.each(seeds)(
    'seed %i',
    (seed) =>
      keepingSeed(folder, seed, async () => {
        const expected = await tell(storyOf(seed), 'local', seed)
        expect(expected.left).toBe(0)
        // A story in which all failed would be the same everywhere.
        expect(Object.keys(expected.entries)).not.toEqual([])
        await expectSame(seed, 'wire', expected)
        await expectSame(seed, 'distributed', expected)
      }),
    180_000,
  )
})

test('a story is the same for the same seed', () => {
  expect(storyOf(7)).toEqual(storyOf(7))
  expect(storyOf(8)).not.toEqual(storyOf(7))
})
