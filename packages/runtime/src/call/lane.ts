/** Number of lanes of every log; fixed for ever (delivery.md, The log). */
export const laneCount = 64

/**
 * The lane of a key: FNV-1a, 32 bit, over the key's UTF-8 bytes (draft-eastlake-fnv), the high half folded into the
 * low one, modulo 64. Documented and portable, so that other languages and older logs agree for ever.
 */
export function laneOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index)
    if (unit < 0x80) hash = Math.imul(hash ^ unit, 0x01000193)
    else {
      const point = key.codePointAt(index) as number
      if (point > 0xffff) index++
      for (const byte of utf8(point)) hash = Math.imul(hash ^ byte, 0x01000193)
    }
  }
  return ((hash >>> 16) ^ hash) & (laneCount - 1)
}

function utf8(point: number): number[] {
  if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 63)]
  if (point < 0x10000) return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)]
  return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)]
}
