import type { SecureVersion } from 'node:tls'

/**
 * Both ends prove that they know the key of the ticket (TLS-PSK, RFC 4279 and RFC 5489), so no certificate is needed, and an
 * ephemeral key keeps what was said from who learns the ticket later. Node offers external keys up to TLS 1.2 only.
 */
export const laneTls: { ciphers: string; minVersion: SecureVersion; maxVersion: SecureVersion } = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
}
