import type { TestAppOptions } from '@banyan/testing'
import { describe } from 'vitest'
import { withNats } from '../../../tools/vitest/with-nats.js'

export type Placement = NonNullable<TestAppOptions['placement']>

export const everywhere: readonly Placement[] = ['local', 'wire', 'distributed']

/** For apps whose handlers the test itself makes: no other process could load them (see differences.test.ts). */
export const insideOneProcess: readonly Placement[] = ['local', 'wire']

/** One suite of tests, once in each placement (P1). */
export function inPlacements(placements: readonly Placement[], suite: (placement: Placement) => void): void {
  for (const placement of placements) {
    const described = placement === 'local' ? describe : withNats.describe
    described(`in placement ${placement}`, () => suite(placement))
  }
}
