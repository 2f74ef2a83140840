import { createDrivenClock, type DrivenClock } from '@banyan/ambient'
import { type Duration, parseDuration } from '@banyan/module'

/** The clock of a test: it stands still until the test drives it. */
export interface TestClock {
  now(): Date
  /**
   * Moves time on, from one timer to the next: what became due at one (deadlines, parked retries, jobs) is done before
   * the next one fires, as far as it comes to rest.
   * @throws `invalid-duration`
   */
  advance(by: Duration): Promise<void>
}

// Work that hangs must not hold the clock back: to let it run into its deadline is often the point of the test.
const restMs = 1_000

/** @param rest waits until the app is at rest, at most the milliseconds given; never rejects */
export function createTestClock(
  startMs: number,
  rest: (atMostMs: number) => Promise<void>,
): TestClock & { readonly driven: DrivenClock } {
  const driven = createDrivenClock(startMs)
  return {
    driven,
    now: () => new Date(driven.now()),
    async advance(by) {
      const until = driven.now() + parseDuration(by)
      await rest(restMs)
      for (let due = driven.pending()[0]; due !== undefined && due <= until; due = driven.pending()[0]) {
        driven.advance(Math.max(0, due - driven.now()))
        await rest(restMs)
      }
      driven.advance(Math.max(0, until - driven.now()))
      await rest(restMs)
    },
  }
}
