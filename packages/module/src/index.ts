export { type AggregateOptions, aggregate } from './aggregate/aggregate.js'
export type {
  Aggregate,
  AggregateEventDefinition,
  AggregateEventOptions,
  AnyAggregate,
  AnyDecision,
  Decision,
  Evolve,
  SnapshotOptions,
  StreamEventInfo,
} from './aggregate/aggregate-types.js'
export { type DecisionOptions, decision } from './aggregate/decision.js'
export { frozenState } from './aggregate/frozen.js'
export type { AsOf, Load, LoadedAggregate, LoadedDecision, ReadAggregate, ReadLoad } from './aggregate/load.js'
export { type App, defineApp, modulesOf } from './app.js'
export type {
  Call,
  Caller,
  CallResult,
  Calls,
  Contracts,
  Emits,
  Fails,
  LaterOptions,
  Laters,
  ModuleCaller,
  ModuleLater,
  QueryCaller,
  QueryCalls,
} from './calls.js'
export type {
  BaseContext,
  ChangeContext,
  CommandContext,
  ContextResources,
  EventContext,
  EventEnvelope,
  FailContext,
  Identity,
  Logger,
  QueryContext,
  ReadContext,
  RouteContext,
} from './context.js'
export { type Duration, type DurationUnit, durationForm, parseDuration, readDuration } from './duration.js'
export type {
  CommandHandler,
  CommandHandlers,
  EventHandler,
  EventHandlers,
  QueryHandler,
  QueryHandlers,
  RouteHandler,
} from './handlers.js'
export { defineModule } from './module.js'
export type { AnyHandler, AnyModule, Module, RouteDefinition, ValidatingSchema } from './module-types.js'
export type {
  LimitsOptions,
  ModuleOptions,
  RetentionOptions,
  RouteOptions,
  RoutePath,
  SubscriptionOptions,
} from './options.js'
export { secret, secretNames } from './secret.js'
export type { Sql, SqlParameter, SqlPiece, SqlQuery, SqlValue } from './sql.js'
export { checkWiring } from './wiring.js'
