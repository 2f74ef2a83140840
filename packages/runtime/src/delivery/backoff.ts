/** An exponential backoff with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015). */
export interface Backoff {
  readonly baseMs: number
  readonly capMs: number
}

/** How long to wait after the given number of failures (1 = the first), drawn from [0, min(cap, base × 2^(failures-1))). */
export function backoffMs(backoff: Backoff, failures: number, random: () => number): number {
  const ceiling = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(failures - 1, 30))
  return Math.ceil(random() * ceiling)
}

/** A period spread by ±20 %, so that processes started together do not stay in step. */
export function spread(periodMs: number, random: () => number): number {
  return periodMs * (0.8 + 0.4 * random())
}
