export type { UnknownOption } from './check-types.js'
export { type ContractOptions, contract } from './contract.js'
export type {
  Answered,
  AnyContract,
  CommandsOf,
  Contract,
  ContractShape,
  Delivered,
  ErrorDetails,
  ErrorHandles,
  EventData,
  EventsOf,
  EventTypes,
  Input,
  OperationsOf,
  OperationTypes,
  Output,
  QueriesOf,
  Received,
} from './contract-types.js'
export type { ContractError, DeclaredError, ErrorHandle } from './declared-error.js'
export type { EventDefinition } from './event.js'
export { type HttpRoute, parseHttp, routeIdentity } from './http.js'
export { isName } from './names.js'
export type { OperationDefinition } from './operation.js'
export type {
  CommandOptions,
  CommandRoute,
  ErrorOptions,
  EventOptions,
  QueryOptions,
  QueryRoute,
} from './options.js'
export { type ProblemReport, problemReport } from './problems.js'
export { type AnySchema, isSchema, type SchemaInput, type SchemaOutput } from './schema.js'
export { isCompatible, parseVersion, type Version } from './version.js'
