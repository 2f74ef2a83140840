import type { App } from '@banyan/module'
import type { DeliveryConfig } from './delivery.js'
import type { FaultConfig, PoliciesConfig } from './policies.js'

/** The settings of an app, as `banyan.config.ts` exports them by default. */
export interface Config<Modules extends string = string> {
  /** File whose default export, or only export of an app, is the app; relative to the config file. */
  readonly app: string
  /**
   * Which module runs in which service, for `banyan up` and `banyan serve`; one process takes no notice of it. The HTTP
   * gateway is a service of its own, `gateway`, which is always there.
   */
  readonly services?: Readonly<Record<string, readonly Modules[] | ServiceConfig<Modules>>>
  readonly gateway?: GatewayConfig
  /** The streams through which events reach other services. */
  readonly events?: EventsConfig
  /** Where a service of a topology answers probes and scrapers. */
  readonly probe?: ProbeConfig
  readonly store?: StoreConfig
  readonly log?: LogConfig
  readonly delivery?: DeliveryConfig
  /** Timeout, retry, breaker and the like for calls between modules, by edge: `'orders -> inventory'`, `'* -> payments'`. */
  readonly policies?: PoliciesConfig<Modules>
  /** Faults to put into calls where BANYAN_FAULTS switches them on. */
  readonly faults?: readonly FaultConfig<Modules>[]
  /** How long a stop waits for work under way, milliseconds. Default 10,000. */
  readonly stopDeadlineMs?: number
}

export interface ServiceConfig<Modules extends string = string> {
  readonly modules: readonly Modules[]
  /** Processes of this service, 1 to 64. Default 1. */
  readonly replicas?: number
}

/** Bounds of each module's stream; the log in PostgreSQL keeps what a stream lets go. */
export interface EventsConfig {
  /** Bytes that the stream of a module may take on the broker's disk. Default 1,073,741,824. */
  readonly maxBytes?: number
  /** How long a stream keeps an event: `'7d'`, or milliseconds. Default 7 days. */
  readonly maxAge?: string | number
}

/** `/healthz`, `/readyz` and `/metrics` of each process under `banyan serve`. */
export interface ProbeConfig {
  /** Default 9090; 0: none. The environment variable PROBE_PORT wins. */
  readonly port?: number
  /** Default 127.0.0.1, 0.0.0.0 with NODE_ENV=production; PROBE_HOST wins. */
  readonly host?: string
}

export interface GatewayConfig {
  /** Default 3000; the environment variable PORT wins. 0 takes any free port. */
  readonly port?: number
  /** Default 127.0.0.1 in development, 0.0.0.0 under `banyan start` with NODE_ENV=production; HOST wins. */
  readonly host?: string
  /** Largest body, bytes. Default 1,048,576. */
  readonly bodyLimitBytes?: number
  /** How long a whole request may take to arrive, body included, milliseconds. Default 60,000. */
  readonly requestTimeoutMs?: number
  /** Whether /docs is served; /openapi.json always is. Default true. */
  readonly docs?: boolean
  /** Addresses of proxies whose X-Forwarded-For is believed; default none. */
  readonly trustProxy?: boolean | string | readonly string[]
  /** Processes of the service `gateway`, 1 to 64; `banyan up` runs one, since a port has one owner. Default 1. */
  readonly replicas?: number
}

export interface StoreConfig {
  /** Folder of the embedded database, relative to the config file. Default `.banyan/data`; BANYAN_DATA wins. */
  readonly folder?: string
  /** Connections of each module for units of work. Default 6. */
  readonly connections?: number
}

export interface LogConfig {
  /** `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. Default `info`; LOG_LEVEL wins. */
  readonly level?: string
}

type ModulesOf<A> = A extends App<infer Names> ? Names : string

/**
 * Gives a configuration its types: `defineConfig<typeof market>({ … })` makes a misspelt module a compile error.
 * It is checked when it is loaded, all problems together.
 */
export function defineConfig<A = App>(config: Config<ModulesOf<A>>): Config<ModulesOf<A>> {
  return config
}
