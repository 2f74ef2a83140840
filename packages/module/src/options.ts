import type { AnySchema, CommandsOf, ContractShape, QueriesOf, SchemaOutput } from '@banyan/contract'
import type { ContextResources } from './context.js'
import type { Duration } from './duration.js'
import type { CommandHandlers, EventHandlers, None, QueryHandlers, RouteHandler } from './handlers.js'

/** How the events of one source are worked on. */
export interface SubscriptionOptions {
  /** Where a new subscription begins: at the first event, at what comes next, or at a time. Default `'beginning'`. */
  readonly from?: 'beginning' | 'now' | Date | (string & {})
  /** Lanes worked on at once, 1 to 64. More than one helps handlers that wait for others; default 1. */
  readonly parallel?: number
  /** Attempts before an event becomes a dead letter; default 8. */
  readonly attempts?: number
  /** Whether later events of the same key go on after a dead letter, or wait for it. Default `'release'`. */
  readonly onDead?: 'release' | 'hold'
}

/** What one module may take up at once. Beyond it the caller gets `overloaded` at once (P9). */
export interface LimitsOptions {
  /** Operations running at once; default 64. */
  readonly concurrency?: number
  /** Operations waiting; default 512. */
  readonly queue?: number
  /** The longest that one operation may take; default 30 s. */
  readonly deadline?: Duration
}

/** How long the platform keeps what it recorded for a module. */
export interface RetentionOptions {
  /** How long a command may be repeated under its id; default 7 days. */
  readonly inbox?: Duration
  /** How long published events can be read again; never cut off before every subscriber has them. Default for ever. */
  readonly log?: Duration | 'forever'
}

/** `'POST /webhooks/stripe'`. */
export type RoutePath = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`

/** A raw route with options. */
export interface RouteOptions<Handler> {
  readonly handler: Handler
  readonly summary?: string
  /** As in a contract: permissions, or `'public'` (for webhooks that check a signature). Absent: authenticated. */
  readonly access?: readonly string[] | 'public'
}

/** The contracts whose events a module may listen to: what it uses, what it listens to, and its own. */
export type Sources<Own extends ContractShape, Uses, Listens> = Uses & Listens & { readonly [Name in Own['name']]: Own }

export type ConfigOf<Config> = Config extends AnySchema ? SchemaOutput<Config> : None

interface CommonOptions<Own extends ContractShape, Uses, Listens, Config, Helpers> {
  /** The contracts of the modules that it may call and listen to, by their names. Uses of an app form no circle. */
  readonly uses?: NamedContracts<Uses>
  /** The contracts of the modules that it only listens to. Listening may go in circles. */
  readonly listens?: NamedContracts<Listens>
  /** Schema of the environment variables it needs, checked at start. Write `secret()` for what must not be shown. */
  readonly config?: Config
  /** Folder of its numbered SQL migrations, relative to the config file. */
  readonly migrations?: string
  /** Own helpers for all handlers, made for each unit of work. Stands above the handlers, so that they know its type. */
  readonly context?: (resources: ContextResources<ConfigOf<Config>>) => Helpers
  /** One handler for every command of the contract. */
  readonly commands?: CommandHandlers<Own, Uses, ConfigOf<Config>, Helpers>
  /** One handler for every query of the contract. */
  readonly queries?: QueryHandlers<Own, Uses, ConfigOf<Config>, Helpers>
  /** Handlers of events, by source and event. */
  readonly on?: {
    // `as` keeps TypeScript from taking what is written here for what the module uses.
    readonly [Source in keyof Sources<Own, Uses, Listens> as Source]?: EventHandlers<
      Own,
      Extract<Sources<Own, Uses, Listens>[Source], ContractShape>,
      Uses,
      ConfigOf<Config>,
      Helpers
    >
  }
  /** Raw HTTP, for what a contract cannot say: uploads, streams, cookies, webhooks. */
  readonly routes?: {
    readonly [Path in RoutePath]?:
      | RouteHandler<Own, Uses, ConfigOf<Config>, Helpers>
      | RouteOptions<RouteHandler<Own, Uses, ConfigOf<Config>, Helpers>>
  }
  /** How the events of a source are worked on, by source. */
  readonly subscriptions?: { readonly [Source in keyof Sources<Own, Uses, Listens> as Source]?: SubscriptionOptions }
  readonly limits?: LimitsOptions
  readonly retention?: RetentionOptions
}

/** How a module keeps its contract. `commands` and `queries` must be there when the contract has any. */
export type ModuleOptions<Own extends ContractShape, Uses, Listens, Config, Helpers> = CommonOptions<
  Own,
  Uses,
  Listens,
  Config,
  Helpers
> &
  PromisedHandlers<Own>

/**
 * Asks for presence only. The handlers' own types stand in an object type without conditions, because TypeScript hands
 * the helpers of `context` on to them only there.
 */
type PromisedHandlers<Own extends ContractShape> = ([keyof CommandsOf<Own>] extends [never]
  ? unknown
  : { readonly commands: unknown }) &
  ([keyof QueriesOf<Own>] extends [never] ? unknown : { readonly queries: unknown })

/** Contracts under their own names. Another key is a compile error that says so. */
export type NamedContracts<Given> = [MisnamedOf<Given>] extends [never]
  ? Given
  : {
      [Key in keyof Given]: Given[Key] extends { readonly name: infer Name extends string }
        ? Name extends Key
          ? Given[Key]
          : `the key must be the name of the contract: ${Name}`
        : Given[Key]
    }

type MisnamedOf<Given> = {
  [Key in keyof Given]: Given[Key] extends { readonly name: infer Name } ? (Name extends Key ? never : Key) : never
}[keyof Given]
