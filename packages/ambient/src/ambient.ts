/**
 * The one place that time, randomness and ids come from (P10), so that a run can be driven by a test or replayed from a
 * seed. Owned by the process: made once at start and handed down; nothing else reads a clock or makes a random number.
 */
export interface Ambient {
  /** Wall clock, milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Monotonic clock in milliseconds, for measuring and deadlines. */
  monotonic(): number
  /** Uniform in [0, 1). */
  random(): number
  /** A new id: UUID version 7 (RFC 9562), so ids carry their time of issue. */
  newId(): string
  /** Runs `task` once after `delayMs`; the timer does not keep the process alive. Returns a function that cancels it. */
  after(delayMs: number, task: () => void): () => void
  /** Tells that a named point was passed. Does nothing unless a test armed the point. */
  reached(point: string, details?: Readonly<Record<string, unknown>>): void | Promise<void>
}

/** What an ambient is made from. All parts default to the platform's. */
export interface AmbientSources {
  now?: () => number
  monotonic?: () => number
  /** Fills the array with random bytes. */
  fill?: (bytes: Uint8Array) => Uint8Array
  /**
   * The same, for ids alone; default `fill`. Repeated runs need a sequence of their own for ids: how often chance is asked
   * for depends on real time (jitter of what looks for work now and then), which ids must not notice.
   */
  fillIds?: (bytes: Uint8Array) => Uint8Array
  after?: (delayMs: number, task: () => void) => () => void
  reached?: (point: string, details?: Readonly<Record<string, unknown>>) => void | Promise<void>
}

// Declared here because portable packages have neither DOM nor Node types.
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array }
declare const performance: { now(): number }
declare function setTimeout(task: () => void, delayMs: number): unknown
declare function clearTimeout(timer: unknown): void

function systemAfter(delayMs: number, task: () => void): () => void {
  // Longer than 2^31-1 ms would fire at once; the caller of a clipped timer looks at the clock again.
  const timer = setTimeout(task, Math.min(Math.max(0, delayMs), 2_147_483_647))
  ;(timer as { unref?: () => void }).unref?.()
  return () => clearTimeout(timer)
}

const poolBytes = 4096

interface Pool {
  readonly bytes: Uint8Array
  /** Takes so many bytes; returns where they begin. */
  take(count: number): number
}

/** Random bytes, drawn in blocks: one call per id costs a microsecond. */
function createPool(fill: (bytes: Uint8Array) => Uint8Array): Pool {
  const bytes = new Uint8Array(poolBytes)
  let used = poolBytes
  return {
    bytes,
    take(count) {
      if (used + count > poolBytes) {
        fill(bytes)
        used = 0
      }
      used += count
      return used - count
    },
  }
}

/** Makes an ambient, from the platform's sources unless others are given. */
export function createAmbient(sources: AmbientSources = {}): Ambient {
  const now = sources.now ?? Date.now
  const fill = sources.fill ?? ((bytes) => crypto.getRandomValues(bytes))
  const chance = createPool(fill)
  const ids = sources.fillIds ? createPool(sources.fillIds) : chance
  let lastMs = 0
  let counter = 0
  // Written once for all ids of a millisecond: it is half of what an id costs.
  let head = ''
  let headMs = -1
  return {
    now,
    monotonic: sources.monotonic ?? (() => performance.now()),
    random() {
      const at = chance.take(7)
      let value = (chance.bytes[at] as number) & 0x1f
      for (let index = 1; index < 7; index++) value = value * 256 + (chance.bytes[at + index] as number)
      return value / 2 ** 53
    },
    newId() {
      const at = ids.take(10)
      const ms = Math.floor(now())
      // RFC 9562, 6.2 method 1: a counter in rand_a keeps ids of one millisecond in order of making.
      if (ms > lastMs) {
        lastMs = ms
        counter = (ids.bytes[at] as number) & 0x7f
      } else if (counter < 0xfff) counter++
      else {
        lastMs++
        counter = 0
      }
      if (lastMs !== headMs) {
        headMs = lastMs
        head = uuid7Head(lastMs)
      }
      return head + uuid7Tail(counter, ids.bytes, at + 2)
    },
    after: sources.after ?? systemAfter,
    reached: sources.reached ?? (() => undefined),
  }
}

const digits = '0123456789abcdef'
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Time and version. */
function uuid7Head(ms: number): string {
  const time = ms.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7`
}

/** The counter in rand_a, the variant, and 62 random bits. */
function uuid7Tail(counter: number, bytes: Uint8Array, at: number): string {
  const b = (offset: number): string => hex[bytes[at + offset] as number] as string
  const randA = (hex[counter >> 4] as string) + digits[counter & 15]
  const variant = hex[((bytes[at] as number) & 0x3f) | 0x80] as string
  return `${randA}-${variant}${b(1)}-${b(2)}${b(3)}${b(4)}${b(5)}${b(6)}${b(7)}`
}

/**
 * The time of issue that an id carries, milliseconds since 1970; `undefined` for ids that carry none
 * (other UUID versions, and ids derived from a client's key, whose time field is zero).
 */
export function issueTime(id: string): number | undefined {
  const version = id.charCodeAt(14)
  if (version !== 0x37 && version !== 0x38) return undefined
  const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
  return ms > 0 ? ms : undefined
}
