import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import forge from 'node-forge'

/** A certificate with its private key, both PEM. */
export interface Certified {
  readonly certificate: string
  readonly key: string
}

export interface CertificateRequest {
  /** The common name. */
  readonly name: string
  readonly use: 'authority' | 'server' | 'client'
  /** Names and addresses that a server answers to. */
  readonly hosts?: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: number
  readonly validMs: number
}

// NIST SP 800-57: 2048 bits until 2030, more for what lives longer.
const leafBits = 2048
const authorityBits = 3072
// Clocks of machines differ: a certificate is good a little before it was made.
const backdatedMs = 3_600_000

/**
 * Makes a certificate, signed by an authority, or by itself where none is given. Node makes the keys and the serial
 * number; the library, since Node cannot, puts the certificate together.
 */
export function makeCertificate(request: CertificateRequest, issuer?: Certified): Certified {
  const { name, use, now, validMs } = request
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: use === 'authority' ? authorityBits : leafBits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey)
  // Positive, and not drawn twice (RFC 5280, 4.1.2.2).
  certificate.serialNumber = `01${randomBytes(16).toString('hex')}`
  certificate.validity.notBefore = new Date(now - backdatedMs)
  certificate.validity.notAfter = new Date(now + validMs)
  const subject = [{ name: 'commonName', value: name }]
  certificate.setSubject(subject)
  const issued = issuer === undefined ? undefined : forge.pki.certificateFromPem(issuer.certificate)
  certificate.setIssuer(issued?.subject.attributes ?? subject)
  certificate.setExtensions(extensionsOf(request, issued))
  certificate.sign(forge.pki.privateKeyFromPem(issuer?.key ?? privateKey), forge.md.sha256.create())
  return { certificate: forge.pki.certificateToPem(certificate).replaceAll('\r', ''), key: privateKey }
}

function extensionsOf({ use, hosts = [] }: CertificateRequest, issuer: forge.pki.Certificate | undefined): object[] {
  const identifiers: object[] = [
    { name: 'subjectKeyIdentifier' },
    ...(issuer === undefined
      ? []
      : [{ name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() }]),
  ]
  if (use === 'authority')
    return [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
      ...identifiers,
    ]
  return [
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: use === 'server', clientAuth: use === 'client' },
    ...(hosts.length === 0 ? [] : [{ name: 'subjectAltName', altNames: hosts.map(alternativeName) }]),
    ...identifiers,
  ]
}

const alternativeName = (host: string): object => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })

/** When a certificate ends, milliseconds since 1970. */
export function endOf(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validTo)
}

/** Whether an authority signed it. */
export function isIssuedBy(certificate: string, authority: string): boolean {
  const issuer = new X509Certificate(authority)
  return new X509Certificate(certificate).verify(issuer.publicKey)
}

/** Whether a server certificate is good for all of these names and addresses. */
export function answersTo(certificate: string, hosts: readonly string[]): boolean {
  const known = new X509Certificate(certificate)
  return hosts.every((host) => (isIP(host) ? known.checkIP(host) : known.checkHost(host)) !== undefined)
}

/** Whether a private key is the one of a certificate: a crash may have come between the two files. */
export function belongTogether(certificate: string, key: string): boolean {
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
}
