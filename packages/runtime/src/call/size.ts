/** What may cross a contract at once, in bytes of JSON, wherever the modules run (P1). */
export const payloadLimitBytes = 1_000_000

/**
 * Whether the value's JSON is larger than the limit. Nearly all values are far below it, so an upper bound decides: the one
 * that the codec tells, else that from one walk. Only a value whose bounds pass the limit is measured exactly.
 * @param bound what the codec says that the value takes at most
 */
export function exceedsPayload(value: unknown, bound: number): boolean {
  if (bound <= payloadLimitBytes || upperBound(value) <= payloadLimitBytes) return false
  return Buffer.byteLength(JSON.stringify(value) ?? '') > payloadLimitBytes
}

function upperBound(value: unknown): number {
  switch (typeof value) {
    case 'string':
      // Six bytes for a control character (\u0001) is the worst case of JSON.
      return value.length * 6 + 2
    case 'number':
      return 25
    case 'object': {
      if (value === null) return 4
      let sum = 2
      if (Array.isArray(value)) {
        for (let index = 0; index < value.length; index++) sum += upperBound(value[index]) + 1
        return sum
      }
      for (const key in value) sum += key.length * 6 + 4 + upperBound((value as Record<string, unknown>)[key])
      return sum
    }
    default:
      return 5
  }
}
