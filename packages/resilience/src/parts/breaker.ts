import type { BreakerPolicy } from '../policies.js'

export type BreakerState = 'closed' | 'open' | 'half-open'
/** What an attempt tells of its callee: it answered, it failed to, or neither can be said. */
export type Verdict = 'answered' | 'failed' | 'neither'

const buckets = 10

/**
 * The circuit breaker of one edge (Nygard, Release It!): refuses while the callee is down, so that callers fail at once and
 * the callee is left to recover.
 *
 * I1 Open for at least `openForMs`; then at most `probes` attempts run at a time until it closes or opens again.
 * I2 Closed again after `probes` answers in half-open; open again at the first failure there.
 * I3 An attempt counts only in the state that let it pass: what comes back late says nothing of now.
 */
export class Breaker {
  state: BreakerState = 'closed'
  /** Changes with the state (I3). */
  era = 0
  readonly #policy: BreakerPolicy
  readonly #changed: (state: BreakerState) => void
  #inRow = 0
  #openUntil = 0
  #probing = 0
  #answered = 0
  readonly #window: FailureWindow | undefined

  constructor(policy: BreakerPolicy, changed: (state: BreakerState) => void) {
    this.#policy = policy
    this.#changed = changed
    if (policy.ratio) this.#window = new FailureWindow(policy.ratio.windowMs)
  }

  /** Whether an attempt may run; if so, `ended` must follow with the era of now. */
  tryPass(now: number): boolean {
    if (this.state === 'closed') return true
    if (this.state === 'open') {
      if (now < this.#openUntil) return false
      this.#turn('half-open')
    }
    // I1
    if (this.#probing >= this.#policy.probes) return false
    this.#probing++
    return true
  }

  ended(verdict: Verdict, era: number, now: number): void {
    // I3
    if (era !== this.era) return
    if (this.state === 'half-open') this.#probed(verdict, now)
    else if (verdict !== 'neither') this.#count(verdict === 'failed', now)
  }

  #count(failed: boolean, now: number): void {
    this.#window?.add(now, failed)
    if (!failed) {
      this.#inRow = 0
      return
    }
    if (++this.#inRow >= this.#policy.failures || this.#tooMany()) this.#open(now)
  }

  /** Milliseconds until it probes; 0 when it does. */
  retryAfterMs(now: number): number {
    return this.state === 'open' ? Math.max(0, Math.ceil(this.#openUntil - now)) : 0
  }

  #tooMany(): boolean {
    const { ratio } = this.#policy
    if (!ratio || !this.#window) return false
    const { calls, failures } = this.#window
    return calls >= ratio.leastCalls && failures / calls >= ratio.share
  }

  #probed(verdict: Verdict, now: number): void {
    this.#probing--
    if (verdict === 'failed') this.#open(now)
    // I2
    else if (verdict === 'answered' && ++this.#answered >= this.#policy.probes) this.#turn('closed')
  }

  #open(now: number): void {
    this.#openUntil = now + this.#policy.openForMs
    this.#turn('open')
  }

  #turn(state: BreakerState): void {
    this.state = state
    this.era++
    this.#inRow = 0
    this.#probing = 0
    this.#answered = 0
    this.#window?.clear()
    this.#changed(state)
  }
}

/** Calls and failures of the last `windowMs`, in ten steps. */
class FailureWindow {
  calls = 0
  failures = 0
  readonly #stepMs: number
  readonly #calls = new Float64Array(buckets)
  readonly #failures = new Float64Array(buckets)
  #step = 0

  constructor(windowMs: number) {
    this.#stepMs = windowMs / buckets
  }

  add(now: number, failed: boolean): void {
    const step = Math.floor(now / this.#stepMs)
    // The time of an attempt may lie before that of one that was told already.
    if (step > this.#step) this.#forget(step)
    const at = this.#step % buckets
    this.#calls[at] = (this.#calls[at] as number) + 1
    this.calls++
    if (!failed) return
    this.#failures[at] = (this.#failures[at] as number) + 1
    this.failures++
  }

  clear(): void {
    this.#calls.fill(0)
    this.#failures.fill(0)
    this.calls = 0
    this.failures = 0
  }

  #forget(step: number): void {
    if (step - this.#step >= buckets) this.clear()
    else
      for (let old = this.#step + 1; old <= step; old++) {
        const at = old % buckets
        this.calls -= this.#calls[at] as number
        this.failures -= this.#failures[at] as number
        this.#calls[at] = 0
        this.#failures[at] = 0
      }
    this.#step = step
  }
}
