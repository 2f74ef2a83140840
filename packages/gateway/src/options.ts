import type { IncomingHttpHeaders } from 'node:http'
import type { Ambient } from '@banyan/ambient'
import type { Identity, Runtime } from '@banyan/runtime'
import type { GatewayLimits } from './limits/limits.js'

/** A raw route of a module, as its definition names it. */
export interface RawRoute {
  readonly module: string
  /** `METHOD /path/{parameter}`, exactly as in the module's `routes`. */
  readonly route: string
  /** As in a contract: permissions, all of them needed, or `'public'`. Absent: authenticated. */
  readonly access?: readonly string[] | 'public'
}

/** What `identify` may look at. The body has not been read yet. */
export interface IdentityRequest {
  readonly method: string
  /** Path and query string. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Address of the client; behind proxies only as true as `trustProxy`. */
  readonly ip: string
}

/** Where the gateway writes what happened; a pino logger fits. */
export interface GatewayLog {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
  info(fields: object, message: string): void
}

/** Requests from pages of other origins. Absent: none are allowed, and no header about it is sent. */
export interface CorsOptions {
  /** Origins as browsers send them, for example `https://shop.example`; or all of them. */
  readonly origins: readonly string[] | 'all'
  /** Whether cookies and authorization may be sent along. Not together with all origins. Default: false. */
  readonly credentials?: boolean
}

export interface GatewayOptions {
  readonly runtime: Runtime
  readonly ambient: Ambient
  readonly log: GatewayLog
  /** Raw routes of the modules hosted here. Default: none. */
  readonly routes?: readonly RawRoute[]
  /** Where to listen. Default: 127.0.0.1. */
  readonly host?: string
  /** Default: 3000. 0 takes any free port. */
  readonly port?: number
  /** Which proxies to believe about the client's address and protocol: `true`, addresses or networks. Default: none. */
  readonly trustProxy?: boolean | string | readonly string[]
  readonly limits?: Partial<GatewayLimits>
  /**
   * Who sends a request; `undefined` for nobody. May throw or reject with a Banyan error (for example `not-authenticated` for a
   * token that is not valid). Absent: nobody is known, so only operations with `access: 'public'` answer.
   */
  readonly identify?: (request: IdentityRequest) => Identity | undefined | Promise<Identity | undefined>
  /** Value of `WWW-Authenticate` in a 401. Default: `Bearer`. */
  readonly challenge?: string
  /** Whether every request is written to the log: its route, status, duration and correlation id. Default: false. */
  readonly requestLog?: boolean
  /** Whether `/docs` is served. `/openapi.json` always is. Default: true. */
  readonly docs?: boolean
  readonly cors?: CorsOptions
  /**
   * `health`: /healthz, /readyz and /metrics alone, for a process whose operations are not reached through HTTP.
   * Default: `all`.
   */
  readonly serves?: 'all' | 'health'
}
