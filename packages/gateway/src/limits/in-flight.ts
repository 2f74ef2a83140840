/** Counts what is being handled, up to a limit (P9). */
export interface InFlight {
  /** False at the limit: refuse at once. */
  enter(): boolean
  leave(): void
  readonly full: boolean
  readonly count: number
}

export function createInFlight(limit: number): InFlight {
  let count = 0
  return {
    enter() {
      if (count >= limit) return false
      count++
      return true
    },
    leave() {
      count--
    },
    get full() {
      return count >= limit
    },
    get count() {
      return count
    },
  }
}
