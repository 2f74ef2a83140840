import { join } from 'node:path'
import { banyanError } from '@banyan/errors'
import { answersTo, belongTogether, type Certified, endOf, isIssuedBy, makeCertificate } from './certificate.js'
import { privateFolder, readIfThere, writePrivate } from './private-files.js'

/*
 * The local authority of a topology and what it issued, in a folder that only its owner can look into.
 *
 * I1 What a running process presents is trusted by every other running process. So the authority is replaced in three
 *    steps, with a replacement of all processes after each: a next one is trusted; it issues; the last one is trusted no more.
 * I2 A certificate that has more than a third of its time left is kept, so that emitting again changes nothing.
 */
export interface Authority {
  readonly current: Certified
  /** Trusted already, issues nothing yet. */
  readonly next?: Certified
  /** Trusted still, issues nothing more. Its key is gone. */
  readonly previous?: string
  /** Names and addresses of the server that somebody gave for its certificate. */
  readonly hosts?: readonly string[]
  /** TLS was switched off; what there is stays for when it is switched on again. */
  readonly off?: true
}

const dayMs = 86_400_000
const authorityDays = 3_650
const leafDays = 90
const fileName = 'authority.json'

/** The authority of a folder; undefined where there is none. @throws `access-keys-damaged` */
export function readAuthority(folder: string): Authority | undefined {
  const text = readIfThere(join(folder, fileName))
  if (text === undefined) return undefined
  try {
    const authority = JSON.parse(text) as Authority
    endOf(authority.current.certificate)
    return authority
  } catch {
    // Nothing of the text is repeated: it holds a private key.
    throw banyanError('access-keys-damaged', { file: join(folder, fileName) })
  }
}

/** Writes nothing. */
export function makeAuthority(app: string, now: number): Authority {
  return { current: makeIssuer(app, now) }
}

export function saveAuthority(folder: string, authority: Authority): void {
  privateFolder(folder)
  writePrivate(join(folder, fileName), `${JSON.stringify(authority, null, 2)}\n`)
}

/** The next step of replacing the authority. I1 @throws `access-rotation-open` where the last step is to be finished */
export function rotateAuthority(authority: Authority, app: string, now: number): Authority {
  const { current, next, previous, ...kept } = authority
  if (previous !== undefined) throw banyanError('access-rotation-open', { what: 'the authority' })
  if (next === undefined) return { ...kept, current, next: makeIssuer(app, now) }
  return { ...kept, current: next, previous: current.certificate }
}

/** The authority before is trusted no more. A next one stays the next. */
export function finishAuthority({ previous: _, ...kept }: Authority): Authority {
  return kept
}

/** What everybody trusts: all authorities whose certificates may be presented. */
export function trusted({ current, next, previous }: Authority): string {
  return [current.certificate, next?.certificate, previous].filter((one) => one !== undefined).join('')
}

function makeIssuer(app: string, now: number): Certified {
  return makeCertificate({ name: `${app} authority`, use: 'authority', now, validMs: authorityDays * dayMs })
}

export interface IssueOptions {
  readonly folder: string
  readonly authority: Authority
  readonly now: number
  /** Issue all again, whatever their time. */
  readonly renew: boolean
}

/** Files of a certificate, absolute paths. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  /** Milliseconds since 1970. */
  readonly endsAt: number
  /** Whether it was made by this call. */
  readonly isNew: boolean
}

/** Writes the certificate of one process or server, unless the one that is there is good. I2 */
export function issue(
  { folder, authority, now, renew }: IssueOptions,
  name: string,
  hosts?: readonly string[],
): CertificateFiles {
  const files = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  const [there, itsKey] = [readIfThere(files.certificate), readIfThere(files.key)]
  if (there !== undefined && itsKey !== undefined && !renew && belongTogether(there, itsKey))
    if (isGood(there, authority, now, hosts)) return { ...files, endsAt: endOf(there), isNew: false }
  const use = hosts === undefined ? 'client' : 'server'
  const { certificate, key } = makeCertificate(
    { name, use, now, validMs: leafDays * dayMs, ...(hosts === undefined ? {} : { hosts }) },
    authority.current,
  )
  writePrivate(files.key, key)
  writePrivate(files.certificate, certificate)
  return { ...files, endsAt: endOf(certificate), isNew: true }
}

function isGood(certificate: string, { current }: Authority, now: number, hosts: readonly string[] = []): boolean {
  return (
    endOf(certificate) - now > (leafDays * dayMs) / 3 &&
    isIssuedBy(certificate, current.certificate) &&
    answersTo(certificate, hosts)
  )
}
