import { readDuration } from '@banyan/module'
import type { EventsConfig } from './define.js'

/** Bounds of the stream of each module. */
export interface StreamLimits {
  readonly maxBytes: number
  readonly maxAgeMs: number
}

const defaultBytes = 1_073_741_824
const defaultAgeMs = 7 * 86_400_000

/** The settings of streams, with their defaults. */
export function streamLimits({ maxBytes, maxAge }: EventsConfig = {}): StreamLimits {
  return { maxBytes: maxBytes ?? defaultBytes, maxAgeMs: readDuration(maxAge) ?? defaultAgeMs }
}
