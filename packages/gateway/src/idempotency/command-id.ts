import { createHash } from 'node:crypto'

const uuid7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
const timeless = '000000000000'

/**
 * The command id (P4) that a client's key stands for: a UUID version 8 made from the SHA-256 of key, subject and
 * operation. So one key means one command of one caller: another caller, or another operation, with the same key is
 * another command, and nobody can guess the id of someone else's.
 *
 * Its 48 bits of time are zero, because a key tells no time; a key that is itself a UUID version 7 gives its time to
 * the id, so that a key older than outcomes are kept is refused (delivery.md C3).
 */
export function commandId(key: string, subject: string | undefined, operation: string): string {
  // JSON keeps the parts apart whatever they contain, and an absent subject apart from an empty one.
  const hash = createHash('sha256')
    .update(JSON.stringify([key, subject ?? null, operation]))
    .digest()
  hash[0] = ((hash[0] as number) & 0x0f) | 0x80
  hash[2] = ((hash[2] as number) & 0x3f) | 0x80
  const digits = hash.toString('hex', 0, 10)
  const match = uuid7.exec(key)
  const time = match === null ? timeless : `${match[1]}${match[2]}`.toLowerCase()
  return `${time.slice(0, 8)}-${time.slice(8)}-${digits.slice(0, 4)}-${digits.slice(4, 8)}-${digits.slice(8)}`
}
