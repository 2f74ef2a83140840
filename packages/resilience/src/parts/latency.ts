const kept = 128
const leastSamples = 32
const everySamples = 32

/** The 95th percentile of how long a query took of late: of its last 128 answers, worked out anew every 32. */
export class Latency {
  readonly #samples = new Float64Array(kept)
  #count = 0
  #p95: number | undefined

  add(tookMs: number): void {
    this.#samples[this.#count++ % kept] = tookMs
    if (this.#count >= leastSamples && this.#count % everySamples === 0) this.#p95 = this.#workOut()
  }

  /** Milliseconds, at least 1; undefined before 32 answers. */
  get p95(): number | undefined {
    return this.#p95
  }

  #workOut(): number {
    const sorted = this.#samples.slice(0, Math.min(this.#count, kept)).sort()
    return Math.max(1, sorted[Math.ceil(sorted.length * 0.95) - 1] as number)
  }
}
