import { createDrivenClock, type DrivenClock } from '@banyan/ambient'
import { type Duration, parseDuration } from '@banyan/module'
import type { DistantClock } from './services/service.js'

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

export interface TestClockParts {
  /** Waits until the app is at rest, at most the milliseconds given; never rejects. */
  rest(atMostMs: number): Promise<void>
  /** Clocks of other processes, which move with this one. */
  clocks(): readonly DistantClock[]
}

export function createTestClock(
  startMs: number,
  { rest, clocks }: TestClockParts,
): TestClock & { readonly driven: DrivenClock } {
  const driven = createDrivenClock(startMs)
  const next = async (): Promise<number> => {
    const distant = await Promise.all(clocks().map((clock) => clock.next()))
    return Math.min(...[driven.pending()[0], ...distant].map((due) => due ?? Number.POSITIVE_INFINITY))
  }
  const moveTo = async (time: number): Promise<void> => {
    driven.advance(Math.max(0, time - driven.now()))
    await Promise.all(clocks().map((clock) => clock.moveTo(driven.now())))
    await rest(restMs)
  }
  return {
    driven,
    now: () => new Date(driven.now()),
    async advance(by) {
      const until = driven.now() + parseDuration(by)
      await rest(restMs)
      for (let due = await next(); due <= until; due = await next()) await moveTo(due)
      await moveTo(until)
    },
  }
}
