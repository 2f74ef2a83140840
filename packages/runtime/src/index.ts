export { type CallDefaults, createCaller } from './call/caller.js'
export { canonicalJson, deriveId } from './call/derive.js'
export type {
  CallScope,
  Cancellation,
  Envelope,
  Identity,
  Outcome,
  Placement,
  Receiver,
  ScopeEnd,
  TravelContext,
} from './call/envelope.js'
export { laneCount, laneOf } from './call/lane.js'
export { Scope } from './call/scope.js'
export { exceedsPayload, payloadLimitBytes } from './call/size.js'
export { closeInOrder } from './close-in-order.js'
export { createDelivery, type Delivery, type DeliveryStatus } from './delivery/delivery.js'
export { type DeliveryFaultPoint, deliveryFaultPoints } from './delivery/fault-points.js'
export type { LaneShare } from './delivery/lane-share.js'
export {
  type DeliveryLimits,
  type DeliveryLogger,
  type DeliveryOptions,
  type DeliverySettings,
  defaultDeliveryLimits,
  type LaneSharing,
  type RetentionPolicy,
} from './delivery/options.js'
export type { CommitListener, Effects, EventRunner, JobRunner, SubscriptionPlan } from './delivery/ports.js'
export type { RelayHealth } from './delivery/relay/relay.js'
export type { CollectContext, Collected } from './dispatch/collect.js'
export { type CommandFaultPoint, commandFaultPoints } from './dispatch/fault-points.js'
export { asOutcome, failed, rebuilt } from './dispatch/outcome.js'
export { invalidInput } from './dispatch/run-command.js'
export { checkEnvironment, defaultTimeoutMs, timeoutOf } from './lifecycle/host-modules.js'
export { createRuntime, type RuntimeOptions } from './lifecycle/runtime.js'
export type {
  EdgeHealth,
  ExternalCall,
  HealthReport,
  MeasuredPlacement,
  Metric,
  ModuleHealth,
  ModuleState,
  Runtime,
  SettledReport,
  SubscriptionHealth,
} from './lifecycle/types.js'
export { createLogger, type Logger } from './logging/logger.js'
export type { Elsewhere } from './ports/elsewhere.js'
export type { EventStream, StreamEnd, StreamRefusal, StreamState, StreamTail } from './ports/event-stream.js'
export type { SourceLog } from './ports/source-log.js'
export type { RemoteSource, SourceStream, StreamFollow, StreamSink } from './ports/source-stream.js'
export type { SqlExecutor, Statement, StatementResult } from './ports/sql-executor.js'
export type {
  CommandMark,
  Committed,
  DeadLetter,
  DeadLetterAudit,
  DeadLetterFilter,
  DeadLetterStore,
  Ending,
  InboxStore,
  Job,
  JobStore,
  LanePosition,
  LaneProgress,
  Lease,
  LeaseHolder,
  LeaseStore,
  LogEvent,
  LogHeads,
  LogRegistration,
  LogStore,
  ModuleStore,
  NewEvent,
  NewJob,
  Operator,
  ParkedEvent,
  RecordedOutcome,
  Store,
  StoreDescription,
  StoreModule,
  SubscriptionKey,
  SubscriptionStep,
  SubscriptionStore,
  Unit,
  UnitOptions,
} from './ports/store.js'
export type {
  AppendCondition,
  MatchedEvents,
  NewSnapshot,
  NewStreamEvent,
  StoredStream,
  StreamEnding,
  StreamEvent,
  StreamEventType,
  StreamSnapshot,
  StreamStore,
  WantedEvents,
  WantedStream,
} from './ports/stream-store.js'
export { createSql, type SqlTag } from './sql/tag.js'
