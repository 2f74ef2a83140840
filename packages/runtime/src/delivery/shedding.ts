/** Share of the bound that a subscriber is let get back to before commands are taken again. */
const share = 0.9
const leastMs = 100
const mostMs = 30_000

/**
 * How long a publisher should wait for a subscriber that is this many events behind, at its pace of late; undefined while it
 * is within the bound (P9).
 */
export function shedMs(lag: number, maxLag: number, msPerEvent: number): number | undefined {
  if (lag <= maxLag) return undefined
  return Math.min(mostMs, Math.max(leastMs, Math.ceil((lag - maxLag * share) * msPerEvent)))
}
