/**
 * Ids are in nearly every message, and the pattern that the schema library has for them takes as long as the rest of a
 * small message. It is recognized by its text, so another version of the library with another pattern is not affected.
 */
const uuidPattern =
  '^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$'

const nilUuid = '00000000-0000-0000-0000-000000000000'
const maxUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const length = 36
const hyphen = 0x2d

/** Whether a pattern is the one that `isUuid` stands for. */
export function isUuidPattern({ source, flags }: RegExp): boolean {
  return source === uuidPattern && flags === ''
}

// 1 for the code units of hexadecimal digits.
const hexadecimal = new Uint8Array(128)
for (const digit of '0123456789abcdefABCDEF') hexadecimal[digit.charCodeAt(0)] = 1

/** What the pattern says, without a regular expression: RFC 9562 with versions 1 to 8, or the nil or max UUID. */
export function isUuid(text: string): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index)
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      if (unit !== hyphen) return false
    } else if (hexadecimal[unit] !== 1) return false
  }
  const version = text.charCodeAt(14)
  const variant = text.charCodeAt(19) | 0x20
  const known =
    version >= 0x31 && version <= 0x38 && (variant === 0x38 || variant === 0x39 || variant === 0x61 || variant === 0x62)
  return known || text === nilUuid || text === maxUuid
}
