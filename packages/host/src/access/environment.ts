import { join } from 'node:path'
import type { Principal } from '@banyan/broker-nats/types'
import type { AccessPlan } from '@banyan/placement'
import { derivePassword, roleName } from '@banyan/store-postgres'
import { type Keyring, seedOf } from './keyring.js'

/** Variables for the environment of a process. Most of them are secrets. */
export type Environment = Readonly<Record<string, string>>

interface Shared {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly plan: AccessPlan
  readonly keyring: Keyring
  /** What passwords of the database are derived from. */
  readonly secret: string
}

/** Where the broker is, and the keys for it. */
export function keyEnvironment(
  { environment, keyring }: Shared,
  principals: readonly Principal[],
  tls: boolean,
): Environment {
  const deploy = principals.filter((principal) => principal.kind === 'deploy')
  const seeds = Object.fromEntries(deploy.map((principal) => [principal.module, seedOf(keyring, principal)]))
  const variables = principals.flatMap((principal): [string, string][] => {
    if (principal.kind === 'calls') return [['BANYAN_NATS_CALLS_SEED', seedOf(keyring, principal)]]
    if (principal.kind === 'events') return [['BANYAN_NATS_EVENTS_SEED', seedOf(keyring, principal)]]
    return principal.kind === 'observer' ? [['BANYAN_NATS_OBSERVER_SEED', seedOf(keyring, principal)]] : []
  })
  return {
    NATS_URL: natsUrl(environment.NATS_URL, tls),
    ...Object.fromEntries(variables),
    ...(deploy.length === 0 ? {} : { BANYAN_NATS_DEPLOY_SEEDS: JSON.stringify(seeds) }),
  }
}

function natsUrl(given: string | undefined, tls: boolean): string {
  const url = given || 'nats://127.0.0.1:4222'
  return tls ? url.replace(/^nats:/, 'tls:') : url
}

/** The port of the server that NATS_URL names. */
export const natsPort = (given: string | undefined): number => Number(new URL(natsUrl(given, false)).port || 4222)

/** Files of certificates, for a process of this name. */
export function certificateEnvironment(folder: string, name: string): Environment {
  return {
    BANYAN_NATS_CA: join(folder, 'ca.pem'),
    BANYAN_NATS_CERT: join(folder, `${name}.pem`),
    BANYAN_NATS_KEY: join(folder, `${name}.key`),
  }
}

/** Where the database is, and the logins of the modules that a service hosts: none is no login, never the admin's. */
export function databaseEnvironment(shared: Shared, app: string, service: string): Environment {
  const modules = shared.plan.services.find((one) => one.service === service)?.serves ?? []
  const { DATABASE_URL: url } = shared.environment
  const logins = modules.map(({ module }) => [module, moduleLogin(app, module, shared.secret)] as const)
  return {
    ...(url && modules.length > 0 ? { DATABASE_URL: withoutUser(url) } : {}),
    BANYAN_STORE_LOGINS: JSON.stringify(Object.fromEntries(logins)),
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

/** The admin of the database is nobody's affair but of who deploys. */
function withoutUser(text: string): string {
  const url = new URL(text)
  url.username = ''
  url.password = ''
  return url.href
}
