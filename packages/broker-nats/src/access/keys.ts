import { nkeys } from '@nats-io/transport-node'

/** A user of the broker: the public part is in the configuration of the server, the seed is the secret of a process. */
export interface UserKey {
  /** Begins with `U`. */
  readonly publicKey: string
  /** Begins with `SU`. */
  readonly seed: string
}

/**
 * A new key. Drawn by the library from the generator of the operating system, not from `ambient`: a run that is replayed
 * from its seed must never give the same secret again, and a key has no part in what a run does (P10).
 */
export function createUserKey(): UserKey {
  const pair = nkeys.createUser()
  try {
    return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) }
  } finally {
    pair.clear()
  }
}

/** The public part of a seed. @throws what the library throws where the text is no seed */
export function publicKeyOf(seed: string): string {
  const pair = nkeys.fromSeed(new TextEncoder().encode(seed))
  try {
    return pair.getPublicKey()
  } finally {
    pair.clear()
  }
}
