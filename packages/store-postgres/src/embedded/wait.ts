import { setTimeout as delay } from 'node:timers/promises'

/**
 * Asks `check` until it gives something else than undefined, at most `attempts` times, `everyMs` apart. Counts attempts
 * instead of reading a clock, so that a clock that jumps or is driven by a test cannot end the waiting.
 */
export async function waitFor<Value>(
  check: () => Value | undefined | Promise<Value | undefined>,
  { everyMs, attempts }: { everyMs: number; attempts: number },
): Promise<Value | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const value = await check()
    if (value !== undefined) return value
    await delay(everyMs)
  }
  return undefined
}
