import type { Ambient } from '@banyan/ambient'

/**
 * Timers of upkeep: waits that no app can observe, such as those between attempts at a transaction. They go by real
 * time, so that a driven clock that stands still stops nothing, and keep no process alive.
 */
export const realAfter: Ambient['after'] = (delayMs, task) => {
  const timer = setTimeout(task, Math.min(Math.max(0, delayMs), 2_147_483_647))
  timer.unref()
  return () => clearTimeout(timer)
}
