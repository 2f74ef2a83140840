import type { AnyContract } from '@banyan/contract'
import type { LimitsOptions, RetentionOptions, SubscriptionOptions } from './options.js'

/** A handler whose types are not known here. */
export type AnyHandler = (input: unknown, context: object) => unknown

/** A schema that can be asked to validate (Standard Schema). */
export interface ValidatingSchema {
  readonly '~standard': {
    readonly validate: (value: unknown) => ValidationResult | Promise<ValidationResult>
  }
}

type ValidationResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
      }[]
    }

/** A raw route, read. */
export interface RouteDefinition {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  /** The names in braces, in order. */
  readonly parameters: readonly string[]
  readonly summary?: string
  /** Absent: authenticated. */
  readonly access?: readonly string[] | 'public'
  readonly handler: AnyHandler
}

/** A module whose types are not known here: what the engine works with. */
export interface AnyModule {
  readonly kind: 'module'
  readonly name: string
  readonly contract: AnyContract
  readonly uses: Readonly<Record<string, AnyContract>>
  readonly listens: Readonly<Record<string, AnyContract>>
  readonly config?: ValidatingSchema
  readonly migrations?: string
  readonly context?: (resources: { readonly pg: unknown; readonly sql: unknown; readonly config: unknown }) => object
  /** By name; one for every command of the contract. */
  readonly commands: Readonly<Record<string, AnyHandler>>
  /** By name; one for every query of the contract. */
  readonly queries: Readonly<Record<string, AnyHandler>>
  /** By source and event. */
  readonly on: Readonly<Record<string, Readonly<Record<string, AnyHandler>>>>
  /** By `METHOD /path` as written. */
  readonly routes: Readonly<Record<string, RouteDefinition>>
  readonly subscriptions: Readonly<Record<string, SubscriptionOptions>>
  readonly limits: LimitsOptions
  readonly retention: RetentionOptions
}

/** A module: how a contract is kept. Its type holds its name only, so that an app of hundreds stays small. */
export interface Module<Name extends string> extends AnyModule {
  readonly name: Name
}
