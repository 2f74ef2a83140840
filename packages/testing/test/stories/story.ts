import { faultPoints } from '@banyan/testing'
import fc from 'fast-check'
import type { Step } from './contracts.js'

/** One command from outside. */
export interface Act {
  readonly id: string
  readonly module: 'alpha' | 'beta' | 'gamma'
  readonly steps: readonly Step[]
  /** Given up as soon as it is under way, then asked for again. */
  readonly givenUp: boolean
}

export interface Story {
  /** What happens at once, each act with keys of its own, and what is waited for before the next round. */
  readonly rounds: readonly { readonly acts: readonly Act[]; readonly after: 'go on' | 'settle' | 'let time pass' }[]
  readonly crashes: readonly {
    readonly module: 'alpha' | 'beta' | 'gamma' | 'delta'
    readonly point: (typeof faultPoints)[number]
    readonly pass: number
  }[]
}

const value = fc.integer({ min: 1, max: 60 })
const name = fc.constantFrom('x', 'y', 'z')

function stepsOf(lane: number, depth: number): fc.Arbitrary<Step[]> {
  const key = name.map((letter) => `${lane}${letter}`)
  const leaf = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('write' as const), key, value }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('emit' as const), key, value }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('later' as const), key, value, inMs: fc.integer({ min: 0, max: 5_000 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('decline' as const), why: fc.constantFrom('late', 'early') }) },
    { weight: 1, arbitrary: fc.constant({ do: 'break' as const }) },
  )
  if (depth === 0) return fc.array(leaf, { minLength: 1, maxLength: 3 })
  const call = fc.record({
    do: fc.constant('call' as const),
    module: depth > 1 ? fc.constantFrom('beta' as const, 'gamma' as const) : fc.constant('gamma' as const),
    steps: stepsOf(lane, depth - 1),
  })
  return fc.array(fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 2, arbitrary: call }), {
    minLength: 1,
    maxLength: 4,
  })
}

const depths = { alpha: 2, beta: 1, gamma: 0 } as const

function act(lane: number): fc.Arbitrary<Act> {
  return fc.constantFrom('alpha' as const, 'alpha' as const, 'beta' as const, 'gamma' as const).chain((module) =>
    fc.record({
      id: fc.uuid({ version: 4 }),
      module: fc.constant(module),
      // A module calls those below it only.
      steps: stepsOf(lane, depths[module]),
      givenUp: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  )
}

const round = fc.record({
  acts: fc
    .integer({ min: 1, max: 3 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, lane) => act(lane)))),
  after: fc.constantFrom('go on' as const, 'go on' as const, 'settle' as const, 'let time pass' as const),
})

const crash = fc.record({
  module: fc.constantFrom('alpha' as const, 'beta' as const, 'gamma' as const, 'delta' as const),
  point: fc.constantFrom(...faultPoints),
  pass: fc.integer({ min: 1, max: 4 }),
})

const story: fc.Arbitrary<Story> = fc.record({
  rounds: fc.array(round, { minLength: 5, maxLength: 9 }),
  crashes: fc.array(crash, { maxLength: 2 }),
})

/** The same story for the same seed. */
export function storyOf(seed: number): Story {
  return fc.sample(story, { seed, numRuns: 1 })[0] as Story
}
