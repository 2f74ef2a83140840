import type { CommandsOf, ContractShape, Delivered, EventsOf, QueriesOf, Received } from '@banyan/contract'
import type { CommandContext, EventContext, QueryContext, RouteContext } from './context.js'
import type { SqlQuery } from './sql.js'

// biome-ignore lint/complexity/noBannedTypes: an object type without members is what is meant; it prints as {}
export type None = {}

/** What a handler may return: its output, a promise of it, or for a list of rows the query that gives them. */
type Returned<Operation> = Operation extends { output: infer Output }
  ? Output | Promise<Output> | (Output extends readonly (infer Row)[] ? SqlQuery<Row> : never)
  : never

/**
 * The handler of a command, in a file of its own:
 * `export const place: CommandHandler<typeof orders, 'place', { inventory: typeof inventory }> = async (input, { call }) => …`
 */
export type CommandHandler<
  Own extends ContractShape,
  Name extends keyof CommandsOf<Own>,
  Uses = None,
  Config = None,
  Helpers = unknown,
> = (
  input: Received<CommandsOf<Own>[Name]>,
  context: CommandContext<Own, Name, Uses, Config> & Helpers,
) => Returned<CommandsOf<Own>[Name]>

/** The handler of a query, in a file of its own: `QueryHandler<typeof orders, 'byId'>`. */
export type QueryHandler<
  Own extends ContractShape,
  Name extends keyof QueriesOf<Own>,
  Uses = None,
  Config = None,
  Helpers = unknown,
> = (
  input: Received<QueriesOf<Own>[Name]>,
  context: QueryContext<Own, Name, Uses, Config> & Helpers,
) => Returned<QueriesOf<Own>[Name]>

/** The handler of an event, in a file of its own: `EventHandler<typeof orders, typeof payments, 'captured', Uses>`. */
export type EventHandler<
  Own extends ContractShape,
  Source extends ContractShape,
  Type extends keyof EventsOf<Source>,
  Uses = None,
  Config = None,
  Helpers = unknown,
> = (
  data: Delivered<EventsOf<Source>[Type]>,
  context: EventContext<Own, Uses, Config, Source['name'], Type & string> & Helpers,
) => void | Promise<void>

/** The handler of a raw route: bodies, uploads, streams and cookies as the web platform has them. */
export type RouteHandler<Own extends ContractShape, Uses = None, Config = None, Helpers = unknown> = (
  request: Request,
  context: RouteContext<Own, Uses, Config> & Helpers,
) => Response | Promise<Response>

/** One handler for every command of the contract. */
export type CommandHandlers<Own extends ContractShape, Uses, Config, Helpers> = {
  readonly [Name in keyof CommandsOf<Own>]: CommandHandler<Own, Name, Uses, Config, Helpers>
}

/** One handler for every query of the contract. */
export type QueryHandlers<Own extends ContractShape, Uses, Config, Helpers> = {
  readonly [Name in keyof QueriesOf<Own>]: QueryHandler<Own, Name, Uses, Config, Helpers>
}

/** Handlers for some events of one module. */
export type EventHandlers<Own extends ContractShape, Source extends ContractShape, Uses, Config, Helpers> = {
  readonly [Type in keyof EventsOf<Source>]?: EventHandler<Own, Source, Type, Uses, Config, Helpers>
}
