import { copyOrExplain } from './explain.js'
import { copyPortable, REFUSED } from './portable.js'
import type { Checked, Codec } from './types.js'

/** Copies a portable value deeply without a schema; refuses what is not I-JSON, with every reason. Never shares state (P2). */
export function portableCopy(value: unknown): Checked {
  const copy = tryCopy(value)
  return copy === REFUSED ? copyOrExplain(value) : { ok: true, value: copy }
}

/** A getter that throws is explained like everything else that cannot be copied. */
function tryCopy(value: unknown): unknown {
  try {
    return copyPortable(value, 0)
  } catch {
    return REFUSED
  }
}

/** The codec of an operation without an input or an output: takes undefined or null, gives undefined. */
export const emptyCodec: Codec<undefined, undefined> = Object.freeze({
  jsonSchema: Object.freeze({ type: 'null' }),
  transforms: false,
  check: checkEmpty,
  decode: checkEmpty,
  jsonBytesBound: () => 4,
  strategy: () => ({ kind: 'generated' }) as const,
})

function checkEmpty(value: unknown): Checked<undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined }
  return { ok: false, issues: [{ path: [], message: 'Nothing is expected here', code: 'not-empty' }] }
}
