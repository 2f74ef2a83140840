import type { ErrorData } from '@banyan/errors'
import type { RetryPolicy } from '../policies.js'

/**
 * Wait before the repetition that follows so many attempts: full jitter (Brooker, "Exponential Backoff and Jitter", AWS):
 * `random` in [0, 1) gives a uniform wait between nothing and a doubling bound, so that those who failed together do not come back together.
 */
export function backoffMs({ baseMs, capMs }: RetryPolicy, attempts: number, random: number): number {
  return random * Math.min(capMs, baseMs * 2 ** (attempts - 1))
}

/** What the callee asks to be left alone for; 0 when it says nothing. */
export function retryAfterMs({ details }: ErrorData): number {
  const told = (details as { retryAfterMs?: unknown } | undefined | null)?.retryAfterMs
  return typeof told === 'number' && told > 0 ? told : 0
}
