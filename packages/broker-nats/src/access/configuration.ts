import type { AccessPlan, ServiceAccess, SourceAccess } from '@banyan/placement'
import {
  callsAccount,
  eventsAccount,
  type Principal,
  principalName,
  serviceAccount,
  systemAccount,
} from './accounts.js'
import { callPermissions, eventPermissions, observerPermissions, type Permissions } from './permissions.js'
import { renderSection, type Section, type Setting } from './render.js'
import { exportsOf, importsOf, type Shared } from './streams.js'

/** What a configuration of nats-server is made of, beside the grants. */
export interface NatsConfigurationOptions {
  readonly access: AccessPlan
  /** Public keys of each principal, all of which are accepted: two while keys are being replaced. */
  readonly keysOf: (principal: Principal) => readonly string[]
  /** Bytes that the stream of a module may take on the disk of the broker. */
  readonly streamBytes: number
  /** Where the server is, and its streams. Absent: who starts it adds both (`startNatsServer`). */
  readonly place?: { readonly host: string; readonly port: number; readonly storeFolder: string }
  /** Files; with them every client must show a certificate of the authority. Absent: no TLS. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string }
}

/** An event may carry 1 MiB of data, and more in its envelope. */
const maxPayloadBytes = 4_194_304
const pingInterval = '3s'
const mostPings = 2
/** What the server keeps beside the messages of a stream. */
const streamOverheadBytes = 1_048_576

/**
 * The configuration of a NATS server under which a service can do what contracts and topology allow, and nothing else
 * (decisions 0017 and 0021). There is no anonymous user, and nobody is in the account of the system.
 */
export function natsConfiguration(options: NatsConfigurationOptions): string {
  const { access, place, tls, streamBytes } = options
  const accountBytes = streamBytes + streamOverheadBytes
  const { sources, services } = access
  const server: Section = {
    ...(place === undefined ? {} : { listen: `${place.host}:${place.port}` }),
    max_payload: maxPayloadBytes,
    // Who does not answer is let go: until then it gets its part of what any process of its service may take.
    ping_interval: pingInterval,
    ping_max: mostPings,
    ...(place === undefined
      ? {}
      : {
          jetstream: {
            store_dir: place.storeFolder,
            max_file_store: accountBytes * Math.max(1, sources.length),
          },
        }),
    ...(tls === undefined ? {} : { tls: tlsSection(tls) }),
    system_account: systemAccount,
  }
  const accounts: Section = {
    [systemAccount]: {},
    [callsAccount]: { users: callUsers(options) },
    ...Object.fromEntries(sources.map((source) => [eventsAccount(source.module), streamAccount(options, source)])),
    ...Object.fromEntries(
      services.map((service) => [serviceAccount(service.service), eventsOfService(options, service)]),
    ),
  }
  return `${heading(access)}\n${renderSection({ ...server, accounts })}\n`
}

const heading = ({ app }: AccessPlan): string =>
  [
    `# The NATS server of ${app}: who may say and hear what. Derived from contracts and topology by`,
    '# `banyan access emit`; what is written here by hand is lost with the next one.',
    '# Why each permission is there: `banyan access explain`.',
  ].join('\n')

const tlsSection = ({ ca, certificate, key }: NonNullable<NatsConfigurationOptions['tls']>): Section => ({
  ca_file: ca,
  cert_file: certificate,
  key_file: key,
  verify: true,
  timeout: 5,
})

function callUsers(options: NatsConfigurationOptions): Section[] {
  const { access } = options
  return [
    ...access.services.flatMap((service) =>
      users(options, { kind: 'calls', service: service.service }, callPermissions(access.app, service)),
    ),
    ...users(options, { kind: 'observer' }, observerPermissions(access.app)),
  ]
}

function users(
  { keysOf }: NatsConfigurationOptions,
  principal: Principal,
  { publish, subscribe }: Permissions,
): Section[] {
  return keysOf(principal).map((nkey) => ({
    '#': principalName(principal),
    nkey,
    permissions: { publish: allowed(publish), subscribe: allowed(subscribe) },
  }))
}

/** An empty list of allowed subjects allows everything: what has none is denied everything instead. */
function allowed(subjects: readonly string[]): Section {
  return subjects.length === 0 ? { deny: '>' } : { allow: subjects }
}

function streamAccount({ access, keysOf, streamBytes }: NatsConfigurationOptions, source: SourceAccess): Section {
  const deploy: Principal = { kind: 'deploy', module: source.module }
  return {
    // One stream, made by who deploys; nobody reads through a consumer (decision 0019).
    jetstream: { max_file: streamBytes + streamOverheadBytes, max_memory: 0, max_streams: 1, max_consumers: 1 },
    users: keysOf(deploy).map((nkey) => ({ '#': principalName(deploy), nkey })),
    exports: exportsOf(access.app, source).map(({ accounts, ...share }) => ({ ...offer(share), accounts })),
  }
}

const offer = ({ kind, subject }: Shared): Section => ({ [kind]: subject })

function eventsOfService(options: NatsConfigurationOptions, service: ServiceAccess): Section {
  const { access } = options
  const imports = importsOf(access, service.service).map(
    ({ kind, account, subject, to }): Setting => ({
      [kind]: { account, subject },
      ...(to === undefined ? {} : { to }),
    }),
  )
  return {
    users: users(options, { kind: 'events', service: service.service }, eventPermissions(access.app, service)),
    ...(imports.length === 0 ? {} : { imports }),
  }
}

/** Everybody who needs a key. */
export function principalsOf({ services, sources }: AccessPlan): readonly Principal[] {
  return [
    ...services.flatMap(({ service }): Principal[] => [
      { kind: 'calls', service },
      { kind: 'events', service },
    ]),
    ...sources.map(({ module }): Principal => ({ kind: 'deploy', module })),
    { kind: 'observer' },
  ]
}
