const maximumMembers = 32
const maximumLength = 8192
const member = /^([a-z0-9][a-z0-9_\-*/@]{0,255})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])$/

/**
 * Reads a `tracestate` header (several of one request joined by commas) and gives it back in its normal form: members
 * in their order, no white space around them, no empty members. `undefined` when it breaks the specification, because
 * a list that cannot be read must not be passed on.
 */
export function parseTracestate(header: string | undefined): string | undefined {
  if (header === undefined || header.length > maximumLength) return undefined
  const members: string[] = []
  const keys = new Set<string>()
  for (const part of header.split(',')) {
    const text = trim(part)
    if (text === '') continue
    const key = member.exec(text)?.[1]
    if (key === undefined || keys.has(key) || members.length === maximumMembers) return undefined
    keys.add(key)
    members.push(text)
  }
  return members.length === 0 ? undefined : members.join(',')
}

// OWS is spaces and tabs only; String.trim would also accept line breaks and no-break spaces.
function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}
