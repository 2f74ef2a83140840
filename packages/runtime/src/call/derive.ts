import { createHash } from 'node:crypto'

/**
 * An id derived from a parent's (delivery.md C1): the same parent and parts give the same id, so what runs again
 * repeats its children under the same ids. UUID version 8 (RFC 9562): the parent's 48-bit time of issue, or zero where
 * the parent has none, then SHA-256.
 */
export function deriveId(parent: string, ...parts: readonly (string | number)[]): string {
  const hash = createHash('sha256')
    .update(`${parent}\n${parts.join('\n')}`)
    .digest('hex')
  const variant = ((Number.parseInt(hash.slice(3, 4), 16) & 0x3) | 0x8).toString(16)
  return `${timeOf(parent)}-8${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`
}

// The first bits of other versions are random: taken for a time, they would let a child be expired from the start.
function timeOf(id: string): string {
  const version = id.charCodeAt(14)
  return version === 0x37 || version === 0x38 ? id.slice(0, 13) : '00000000-0000'
}

/** Hash of what a command id stands for: the same id with another hash is `id-reused`. */
export function hashInput(module: string, operation: string, input: unknown): string {
  return createHash('sha256')
    .update(`${module}.${operation}\n${input === undefined ? '' : canonicalJson(input)}`)
    .digest('base64url')
}

/** JSON with sorted keys (RFC 8785 for I-JSON values), so that the order of properties does not matter. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const keys = Object.keys(value).sort()
  const entries: string[] = []
  for (const key of keys) {
    const item = (value as Record<string, unknown>)[key]
    if (item !== undefined) entries.push(`${JSON.stringify(key)}:${canonicalJson(item)}`)
  }
  return `{${entries.join(',')}}`
}
