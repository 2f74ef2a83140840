import type { CommandsOf, ContractShape, QueriesOf } from '@banyan/contract'
import type { Load, ReadLoad } from './aggregate/load.js'
import type { Calls, Emits, Fails, Laters, QueryCalls } from './calls.js'
import type { Sql } from './sql.js'

/** Who caused a call, as the edge established it; it travels with every call and event (P7). */
export interface Identity {
  /** Who: the user, service or device. */
  readonly subject: string
  /** What `access` in a contract asks for. */
  readonly permissions: readonly string[]
  /** Further claims; I-JSON. */
  readonly claims?: Readonly<Record<string, unknown>>
}

type LogMethod = (...message: [fields: object, message?: string] | [message: string]) => void

/** A structured logger. Correlation, module and operation are in every line already. */
export interface Logger {
  readonly trace: LogMethod
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}

/** What every handler gets. */
export interface BaseContext<Config> {
  readonly sql: Sql
  /** A new id (a UUID), derived from the run: the same when the same command or event runs again (C1). */
  readonly newId: () => string
  /** The time at which the command or event was recorded: the same when it runs again. */
  readonly now: () => Date
  readonly log: Logger
  /** The calling module, or the source of the event; `undefined` for a call from outside. */
  readonly caller: string | undefined
  /** Who caused the call; `undefined` when nobody is authenticated. */
  readonly identity: Identity | undefined
  /** What `config` of the module made of the environment. */
  readonly config: Config
  /** Aborts at the deadline, when the caller gives up, and when the handler ends. */
  readonly signal: AbortSignal
  /** Milliseconds until the deadline; never more than the caller has left. In an event handler: of the time for this event. */
  readonly remainingMs: () => number
}

/** What a handler that may change state gets, beside `fail` or `event`. */
export interface ChangeContext<Own extends ContractShape, Uses, Config> extends BaseContext<Config> {
  /** Calls other modules, and this one under its own name. The effect of a call stays, even if this handler fails. */
  readonly call: Calls<Own, Uses>
  /** Publishes an event of this module, with the commit. */
  readonly emit: Emits<Own>
  /** Calls a command later, durably. */
  readonly later: Laters<Own, Uses>
  /** Aggregates and decisions of this module: `const c = await load(cart, id)`. */
  readonly load: Load
}

/** What a handler that only reads gets, beside `fail`. */
export interface ReadContext<Own extends ContractShape, Uses, Config> extends BaseContext<Config> {
  /** Calls queries of other modules, and of this one under its own name. */
  readonly call: QueryCalls<Own, Uses>
  /** Aggregates and decisions of this module, to read. */
  readonly load: ReadLoad
}

/** The part of a context that differs from one operation of a module to the next. */
export interface FailContext<Name extends string, Operation> {
  /** Makes an error that this operation declares: `throw fail.outOfStock(details)`. */
  readonly fail: Fails<Name, Operation>
}

/*
 * Intersections, so that all operations of a module share the larger part: an interface for each operation costs a large
 * app a sixth of its checking time.
 */

/** What the handler of a command gets. */
export type CommandContext<Own extends ContractShape, Name extends keyof CommandsOf<Own>, Uses, Config> = ChangeContext<
  Own,
  Uses,
  Config
> &
  FailContext<Own['name'], CommandsOf<Own>[Name]>

/** What the handler of a query gets: it reads, so there is neither `emit` nor `later`, and it calls queries only. */
export type QueryContext<Own extends ContractShape, Name extends keyof QueriesOf<Own>, Uses, Config> = ReadContext<
  Own,
  Uses,
  Config
> &
  FailContext<Own['name'], QueriesOf<Own>[Name]>

/** What is known about an event beside its data. */
export interface EventEnvelope<Source extends string = string, Type extends string = string> {
  /** The same at every attempt and for every subscriber. */
  readonly id: string
  /** The module that published it. */
  readonly source: Source
  /** The name of the event in its contract. */
  readonly type: Type
  /** Version of the data's schema when it was published. */
  readonly version: number
  /** Events of one key are delivered in order. */
  readonly key: string
  /** The hash bucket of the key, 0 to 63. */
  readonly lane: number
  /** Dense within the lane, from 1. */
  readonly position: number
  /** When it was published. */
  readonly time: Date
  /** One id for all that one request from outside caused. */
  readonly correlationId: string
  /** Id of the command or event that caused it. */
  readonly causationId?: string
}

/** What the handler of an event gets. */
export type EventContext<
  Own extends ContractShape,
  Uses,
  Config,
  Source extends string,
  Type extends string,
> = ChangeContext<Own, Uses, Config> & { readonly event: EventEnvelope<Source, Type> }

/** What the handler of a raw route gets. */
export interface RouteContext<Own extends ContractShape, Uses, Config> extends ChangeContext<Own, Uses, Config> {
  /** Values of `{parameter}` in the path, decoded. */
  readonly params: Readonly<Record<string, string>>
}

/** What `context` of a module makes its helpers from. */
export interface ContextResources<Config> {
  /**
   * A client in the sense of the package `pg` (`query(text, values)`), bound to the unit of work: what an ORM or query
   * builder takes. Typed loosely, because it is the ORM that says which client it wants.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the types of pg are no part of this surface
  readonly pg: any
  readonly sql: Sql
  readonly config: Config
}
