import type { Ambient } from '@banyan/ambient'

/** How a process that ended by itself is started again. */
export interface RestartPolicy {
  /** Longest wait after the first failure; doubles with each further one. Milliseconds. */
  readonly baseMs: number
  /** Longest wait of all. Milliseconds. */
  readonly capMs: number
  /** Ready for so long, a process has left its failures behind. Milliseconds. */
  readonly stableMs: number
}

export const defaultRestart: RestartPolicy = { baseMs: 250, capMs: 30_000, stableMs: 30_000 }

/** Failures in a row from which on a service is told to be in a crash loop. */
export const crashLoopFailures = 5

/** How long to wait after so many failures in a row: a half to the whole of it by chance, so that replicas part. */
export function restartDelay({ baseMs, capMs }: RestartPolicy, failures: number, ambient: Ambient): number {
  const longest = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30))
  return longest / 2 + (ambient.random() * longest) / 2
}
