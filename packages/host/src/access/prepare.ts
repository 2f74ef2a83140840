import { join } from 'node:path'
import { natsConfiguration, principalsOf } from '@banyan/broker-nats'
import type { NatsConfigurationOptions, Principal } from '@banyan/broker-nats/types'
import { banyanError } from '@banyan/errors'
import { type AccessPlan, deriveAccess } from '@banyan/placement'
import { roleScript } from '@banyan/store-postgres'
import { storeModules } from '../app-database.js'
import { streamLimits } from '../config/events.js'
import type { LoadedApp } from '../config/load.js'
import { topologyOf } from '../config/services/topology.js'
import { storeSecret } from '../database.js'
import { hostsOf, natsServers } from './addresses.js'
import {
  type Authority,
  type CertificateFiles,
  finishAuthority,
  issue,
  makeAuthority,
  readAuthority,
  rotateAuthority,
  saveAuthority,
  trusted,
} from './authority.js'
import { certificateEnvironment, databaseEnvironment, keyEnvironment, moduleLogin } from './environment.js'
import {
  acceptedKeys,
  finishRotation,
  type Keyring,
  loadKeyring,
  openRotations,
  readKeyring,
  rotateKeys,
  saveKeyring,
} from './keyring.js'
import { privateFolder, writePrivate } from './private-files.js'
import type { AccessEnvironment } from './variables.js'

export interface AccessOptions {
  readonly loaded: LoadedApp
  /** NATS_URL and DATABASE_URL as the services see them, and BANYAN_STORE_SECRET. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Absolute. Holds the secrets, is closed to others. */
  readonly folder: string
  /** Where the files will lie on the machines of the services. Default: the folder. */
  readonly installed?: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** Default: as it was before; the first time without. */
  readonly tls?: boolean
  /** Names and addresses of the server, beside those of NATS_URL and of loopback. Default: as they were before. */
  readonly hosts?: readonly string[]
  readonly change?: AccessChange
}

export interface AccessChange {
  /** A service, `all` of them, or the `authority` of certificates. */
  readonly rotate?: string
  readonly finish?: boolean
  /** All certificates, whatever their time. */
  readonly renew?: boolean
}

/** Who may what in a topology, and the secrets of everybody in it. */
export interface PreparedAccess {
  readonly plan: AccessPlan
  /** The configuration of the NATS server. `place`: absent where the command line of the server says it. */
  natsConfiguration(place?: NatsConfigurationOptions['place']): string
  /** What a process of a service needs in its environment. */
  environmentOf(service: string): AccessEnvironment
  /** The roles of the database as SQL, for its admin. */
  readonly roleScript: string
  /** What makes streams and runs migrations: a deployment. */
  readonly deployEnvironment: AccessEnvironment
  /** What only looks who is there: `banyan services`. */
  readonly observerEnvironment: AccessEnvironment
  readonly keyring: Keyring
  readonly certificates: readonly (CertificateFiles & { readonly name: string })[]
  /** Whose old secrets are still accepted. */
  readonly open: readonly string[]
}

/**
 * Derives the access of a topology and makes what secrets are missing; those that are there stay as they are, so it may
 * be run at every start. Writes nothing but secrets and certificates.
 * @throws `invalid-config`, `access-keys-damaged`, `access-rotation-open`, `not-found` for a service to rotate
 */
export function prepareAccess(options: AccessOptions): PreparedAccess {
  const { loaded, folder, change = {} } = options
  const plan = deriveAccess(loaded.app, topologyOf(loaded))
  const keyring = changedKeys(loadKeyring(folder, principalsOf(plan)), plan, change)
  const authority = authorityOf(options, plan)
  privateFolder(folder)
  saveKeyring(folder, keyring)
  const certificates = authority === undefined ? [] : issueAll(options, plan, authority)
  return accessOf(options, { plan, keyring, authority, certificates })
}

/**
 * The access that was emitted into a folder, as it stands: who runs processes with it makes and changes nothing of it.
 * `certificates` is empty: none is issued.
 * @throws `access-outdated` where the topology has grown since, `access-keys-damaged`
 */
export function readAccess(options: Pick<AccessOptions, 'loaded' | 'environment' | 'folder'>): PreparedAccess {
  const { loaded, folder } = options
  const plan = deriveAccess(loaded.app, topologyOf(loaded))
  const keyring = readKeyring(folder, principalsOf(plan))
  const known = readAuthority(join(folder, tlsName))
  return accessOf(options, { plan, keyring, authority: known?.off ? undefined : known, certificates: [] })
}

const tlsName = 'tls'

interface Secrets extends Pick<PreparedAccess, 'plan' | 'keyring' | 'certificates'> {
  /** Undefined without TLS. */
  readonly authority: Authority | undefined
}

function accessOf(
  { loaded, environment, folder, installed }: Pick<AccessOptions, 'loaded' | 'environment' | 'folder' | 'installed'>,
  { plan, keyring, authority, certificates }: Secrets,
): PreparedAccess {
  const { name: app } = loaded.app
  const principals = principalsOf(plan)
  const secret = storeSecret(environment).secret ?? keyring.storeSecret
  const tls = authority === undefined ? undefined : join(installed ?? folder, tlsName)
  const complete = (principals: readonly Principal[], name: string): AccessEnvironment => ({
    ...keyEnvironment(environment.NATS_URL, keyring, principals, tls !== undefined),
    ...(tls === undefined ? {} : certificateEnvironment(tls, name)),
  })
  const loginsOf = (service: string) => {
    const modules = plan.services.find((one) => one.service === service)?.serves ?? []
    return Object.fromEntries(modules.map(({ module }) => [module, moduleLogin(app, module, secret)]))
  }
  return {
    plan,
    natsConfiguration: (place) =>
      natsConfiguration({
        access: plan,
        keysOf: (principal) => acceptedKeys(keyring, principal),
        streamBytes: streamLimits(loaded.config.events).maxBytes,
        ...(place === undefined ? {} : { place }),
        ...(tls === undefined ? {} : { tls: serverFiles(tls) }),
      }),
    environmentOf: (service) => ({
      ...complete(
        [
          { kind: 'calls', service },
          { kind: 'events', service },
        ],
        service,
      ),
      ...databaseEnvironment(environment.DATABASE_URL, loginsOf(service)),
    }),
    roleScript: rolesOf(loaded, secret),
    deployEnvironment: {
      ...complete(
        principals.filter(({ kind }) => kind === 'deploy'),
        'deploy',
      ),
      BANYAN_STORE_SECRET: secret,
    },
    observerEnvironment: complete([{ kind: 'observer' }], 'observer'),
    keyring,
    certificates,
    open: [...openRotations(keyring), ...(authority?.next || authority?.previous ? ['the authority'] : [])],
  }
}

function changedKeys(keyring: Keyring, plan: AccessPlan, { rotate, finish }: AccessChange): Keyring {
  const finished = finish === true ? finishRotation(keyring) : keyring
  if (rotate === undefined || rotate === 'authority') return finished
  const chosen = principalsOf(plan).filter((principal) => rotate === 'all' || belongsTo(principal, plan, rotate))
  if (chosen.length === 0)
    throw banyanError('not-found', { what: `service ${rotate}; there are ${serviceNames(plan).join(', ')}` })
  return rotateKeys(finished, chosen)
}

/** Keys of a service, and of those who deploy the streams of its modules. */
function belongsTo(principal: Principal, { sources }: AccessPlan, service: string): boolean {
  if (principal.kind === 'observer') return false
  if (principal.kind !== 'deploy') return principal.service === service
  return sources.some(({ module, host }) => module === principal.module && host === service)
}

function rolesOf(loaded: LoadedApp, secret: string): string {
  const modules = storeModules(loaded)
  const logins = modules.map(({ name }) => [name, moduleLogin(loaded.app.name, name, secret)] as const)
  return roleScript({ app: loaded.app.name, modules, logins: Object.fromEntries(logins) })
}

const serviceNames = ({ services }: AccessPlan): string[] => services.map(({ service }) => service)

/** Undefined without TLS. What was emitted with TLS stays so: going without would shut out every process. */
function authorityOf(
  { folder, now, tls, hosts, change = {} }: AccessOptions,
  { app }: AccessPlan,
): Authority | undefined {
  const home = join(folder, tlsName)
  const known = readAuthority(home)
  if (!(tls ?? (known !== undefined && !known.off))) {
    if (change.rotate === 'authority' || change.renew)
      throw banyanError('not-found', { what: 'authority of certificates: emit with --tls first' })
    if (known) saveAuthority(home, { ...known, off: true })
    return undefined
  }
  const { off: _, ...kept } = known ?? makeAuthority(app, now)
  let authority: Authority = hosts === undefined ? kept : { ...kept, hosts }
  if (change.finish) authority = finishAuthority(authority)
  if (change.rotate === 'authority') authority = rotateAuthority(authority, app, now)
  saveAuthority(home, authority)
  writePrivate(join(home, 'ca.pem'), trusted(authority))
  return authority
}

const serverName = 'nats-server'

const serverFiles = (folder: string) => ({
  ca: join(folder, 'ca.pem'),
  certificate: join(folder, `${serverName}.pem`),
  key: join(folder, `${serverName}.key`),
})

function issueAll(
  { folder, now, environment, change = {} }: AccessOptions,
  plan: AccessPlan,
  authority: Authority,
): PreparedAccess['certificates'] {
  const options = { folder: join(folder, tlsName), authority, now, renew: change.renew === true }
  const named = hostsOf(natsServers(environment.NATS_URL))
  const all = [...new Set(['localhost', '127.0.0.1', '::1', ...named, ...(authority.hosts ?? [])])]
  return [
    { name: serverName, ...issue(options, serverName, all) },
    ...[...serviceNames(plan), 'deploy', 'observer'].map((name) => ({ name, ...issue(options, name) })),
  ]
}
