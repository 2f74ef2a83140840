import { join } from 'node:path'
import type { Principal } from '@banyan/broker-nats/types'
import { derivePassword, roleName, type StoreLogins } from '@banyan/store-postgres'
import { natsUrl, withoutUser } from './addresses.js'
import { type Keyring, seedOf } from './keyring.js'
import type { AccessEnvironment } from './variables.js'

/** Where the broker is, and the keys for it. */
export function keyEnvironment(
  url: string | undefined,
  keyring: Keyring,
  principals: readonly Principal[],
  tls: boolean,
): AccessEnvironment {
  const of = (kind: 'calls' | 'events' | 'observer'): string | undefined => {
    const principal = principals.find((one) => one.kind === kind)
    return principal && seedOf(keyring, principal)
  }
  const [calls, events, observer] = [of('calls'), of('events'), of('observer')]
  const deploy = principals.filter((principal) => principal.kind === 'deploy')
  const seeds = Object.fromEntries(deploy.map((principal) => [principal.module, seedOf(keyring, principal)]))
  return {
    NATS_URL: natsUrl(url, tls),
    ...(calls === undefined ? {} : { BANYAN_NATS_CALLS_SEED: calls }),
    ...(events === undefined ? {} : { BANYAN_NATS_EVENTS_SEED: events }),
    ...(observer === undefined ? {} : { BANYAN_NATS_OBSERVER_SEED: observer }),
    ...(deploy.length === 0 ? {} : { BANYAN_NATS_DEPLOY_SEEDS: JSON.stringify(seeds) }),
  }
}

/** Files of certificates, for a process of this name. */
export function certificateEnvironment(folder: string, name: string): AccessEnvironment {
  return {
    BANYAN_NATS_CA: join(folder, 'ca.pem'),
    BANYAN_NATS_CERT: join(folder, `${name}.pem`),
    BANYAN_NATS_KEY: join(folder, `${name}.key`),
  }
}

/**
 * Where the database is, and the logins of the modules that a service hosts: none is no login, never the admin's.
 * @throws `invalid-config` for a DATABASE_URL that is none
 */
export function databaseEnvironment(url: string | undefined, logins: StoreLogins): AccessEnvironment {
  return {
    ...(url && Object.keys(logins).length > 0 ? { DATABASE_URL: withoutUser(url) } : {}),
    BANYAN_STORE_LOGINS: JSON.stringify(logins),
  }
}

/** The login of a module, as every process finds it that knows the secret. */
export function moduleLogin(
  app: string,
  module: string,
  secret: string,
): { readonly user: string; readonly password: string } {
  const user = roleName(app, module)
  return { user, password: derivePassword(secret, user) }
}
