import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { expect, test } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import type { Placement } from '../placements.js'
import { storyOf } from './story.js'
import { type Observed, tell } from './tell.js'

const folder = join(import.meta.dirname, '../seeds')
const freshSeeds = 3

/** Seeds that once found something: they are tried first, for ever. */
const kept = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { seed: number }).seed)

const given = process.env.BANYAN_SEED
const fresh = given
  ? [Number(given)]
  : Array.from({ length: freshSeeds }, () => Math.floor(createAmbient().random() * 2 ** 31))

/** A seed that fails is printed, and kept: commit its file together with the correction. */
async function keepingSeed(seed: number, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.error(`BANYAN_SEED=${seed}`)
    mkdirSync(folder, { recursive: true })
    const found = String((error as Error).message).split('\n')[0]
    writeFileSync(join(folder, `${seed}.json`), `${JSON.stringify({ seed, found }, undefined, 2)}\n`)
    throw error
  }
}

async function expectSame(seed: number, placement: Placement, expected: Observed): Promise<void> {
  expect(await tell(storyOf(seed), placement, seed), placement).toEqual(expected)
}

withNats.describe('P1 a story that chance tells has the same outcomes, events and state in every placement', () => {
  test.each([...kept, ...fresh])(
    'seed %i',
    (seed) =>
      keepingSeed(seed, async () => {
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
