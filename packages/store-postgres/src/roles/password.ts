import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

/**
 * The password of a module's role is derived, not stored: every process of the app that knows the secret finds the same
 * one, and nobody else can. It has 256 bits, so no other module can guess it (P8).
 */
export function derivePassword(secret: string, role: string): string {
  return createHmac('sha256', secret).update(`banyan role ${role}`).digest('base64url')
}

const iterations = 4096

/**
 * What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5802 section 3). Sent in place of the password, so that no
 * statement log of the server ever holds it, whatever `password_encryption` says.
 */
export function scramVerifier(role: string, password: string): string {
  // Derived, so that the same login is the same text each time, and from the password, so that no table of salts is.
  const salt = createHmac('sha256', password).update(`banyan salt ${role}`).digest().subarray(0, 16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const keyed = (text: string): Buffer => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(keyed('Client Key')).digest('base64')
  const serverKey = keyed('Server Key').toString('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
