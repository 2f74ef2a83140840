import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createUserKey, principalName, publicKeyOf } from '@banyan/broker-nats'
import type { Principal } from '@banyan/broker-nats/types'
import { banyanError } from '@banyan/errors'
import { privateFolder, readIfThere, writePrivate } from './private-files.js'

/*
 * Owns the secrets of a topology: a key for each user of the broker, and what the passwords of the database are derived
 * from. Made once, kept in one file that only its owner can read.
 *
 * I1 A key that is in use is never lost: it is replaced by a rotation alone, and accepted until that is finished.
 * I2 A rotation that is under way is not followed by another of the same service: a third key would shut out the first.
 * I3 Secrets come from the generator of the operating system, not from `ambient`: a run that is replayed must never give
 *    a secret again (P10).
 */
export interface Keyring {
  /** By name of the principal (`calls.orders`). */
  readonly keys: Readonly<Record<string, RotatedKey>>
  /** What passwords of the database are derived from, where BANYAN_STORE_SECRET says nothing. */
  readonly storeSecret: string
}

export interface RotatedKey {
  readonly seed: string
  /** The one before, accepted until the rotation is finished. */
  readonly previous?: string
}

const fileName = 'keyring.json'
const secretBytes = 32

/** The keyring of a folder with a key for everybody in `principals`; who is there no more loses its key. Writes nothing. */
export function loadKeyring(folder: string, principals: readonly Principal[]): Keyring {
  const text = readIfThere(join(folder, fileName))
  const known = text === undefined ? undefined : parsed(join(folder, fileName), text)
  const keys = principals.map(principalName).map((name): [string, RotatedKey] => {
    return [name, known?.keys[name] ?? { seed: createUserKey().seed }]
  })
  return {
    keys: Object.fromEntries(keys),
    storeSecret: known?.storeSecret ?? randomBytes(secretBytes).toString('base64url'),
  }
}

/**
 * The keyring of a folder, as it is. Makes nothing.
 * @throws `access-outdated` where somebody in `principals` has no key
 */
export function readKeyring(folder: string, principals: readonly Principal[]): Keyring {
  const file = join(folder, fileName)
  const text = readIfThere(file)
  const keyring = text === undefined ? undefined : parsed(file, text)
  const without = principals.map(principalName).filter((name) => keyring?.keys[name] === undefined)
  if (keyring === undefined || without.length > 0)
    throw banyanError('access-outdated', { folder, without: without.join(', ') })
  return keyring
}

export function saveKeyring(folder: string, keyring: Keyring): void {
  privateFolder(folder)
  writePrivate(join(folder, fileName), `${JSON.stringify(keyring, null, 2)}\n`)
}

/** A damaged file is refused: new keys in its place would shut out every process that runs. I1 */
function parsed(file: string, text: string): Keyring {
  try {
    const keyring = JSON.parse(text) as Keyring
    for (const { seed, previous } of Object.values(keyring.keys)) {
      publicKeyOf(seed)
      if (previous !== undefined) publicKeyOf(previous)
    }
    if (typeof keyring.storeSecret === 'string' && keyring.storeSecret !== '') return keyring
  } catch {
    // Nothing of the text is repeated: it holds secrets.
  }
  throw banyanError('access-keys-damaged', { file })
}

/** The public keys that the broker accepts of a principal. */
export function acceptedKeys({ keys }: Keyring, principal: Principal): readonly string[] {
  const key = keys[principalName(principal)]
  if (key === undefined) return []
  return [key.seed, ...(key.previous === undefined ? [] : [key.previous])].map(publicKeyOf)
}

/** The secret of a principal. */
export function seedOf({ keys }: Keyring, principal: Principal): string {
  const key = keys[principalName(principal)]
  if (key === undefined) throw banyanError('not-found', { what: `key of ${principalName(principal)}` })
  return key.seed
}

/**
 * New keys for some; the old ones are accepted beside them until `finishRotation`.
 * @throws `access-rotation-open` I2
 */
export function rotateKeys(keyring: Keyring, principals: readonly Principal[]): Keyring {
  const names = principals.map(principalName)
  const open = names.filter((name) => keyring.keys[name]?.previous !== undefined)
  if (open.length > 0) throw banyanError('access-rotation-open', { what: open.join(', ') })
  const rotated = names.flatMap((name): [string, RotatedKey][] => {
    const old = keyring.keys[name]
    return old === undefined ? [] : [[name, { seed: createUserKey().seed, previous: old.seed }]]
  })
  return { ...keyring, keys: { ...keyring.keys, ...Object.fromEntries(rotated) } }
}

/** Old keys are accepted no more. */
export function finishRotation(keyring: Keyring): Keyring {
  const keys = Object.entries(keyring.keys).map(([name, { seed }]): [string, RotatedKey] => [name, { seed }])
  return { ...keyring, keys: Object.fromEntries(keys) }
}

/** Names of those whose old key is still accepted. */
export function openRotations({ keys }: Keyring): readonly string[] {
  return Object.entries(keys).flatMap(([name, { previous }]) => (previous === undefined ? [] : [name]))
}
