import type { BudgetPolicy } from '../policies.js'

/** Seconds of the minimum that may be saved up. */
const savedSeconds = 10

/**
 * How many repetitions an edge may still make: a token bucket after Finagle's RetryBudget and gRPC's retry throttling.
 *
 * I1 In any span of t seconds with n calls at most `most + ratio × n + perSecond × t` tokens are taken, where `most` is ten
 *    seconds of the minimum, and at least 10.
 */
export class RetryBudget {
  readonly most: number
  readonly #policy: BudgetPolicy
  #tokens: number
  #filledAt: number

  constructor(policy: BudgetPolicy, now: number) {
    this.#policy = policy
    this.most = Math.max(1, policy.perSecond) * savedSeconds
    this.#tokens = policy.perSecond
    this.#filledAt = now
  }

  called(): void {
    this.#tokens = Math.min(this.most, this.#tokens + this.#policy.ratio)
  }

  take(now: number): boolean {
    this.#fill(now)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  left(now: number): number {
    this.#fill(now)
    return this.#tokens
  }

  #fill(now: number): void {
    const gained = ((now - this.#filledAt) / 1000) * this.#policy.perSecond
    this.#filledAt = now
    this.#tokens = Math.min(this.most, this.#tokens + gained)
  }
}
