export type { UnknownOption } from './check-types.js'
export {
  type Checked,
  type Codec,
  CodecError,
  type CodecProblem,
  type CodecStrategy,
  compileCodec,
  emptyCodec,
  type Issue,
  isCodecError,
  type JsonSchema,
  portableCopy,
  type StandardSchema,
} from './codec/index.js'
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
  Input,
  OperationsOf,
  Output,
  QueriesOf,
  Received,
} from './contract-types.js'
export type { ContractError, DeclaredError, ErrorHandle } from './declared-error.js'
export { emitClient } from './emit/client.js'
export {
  type ContractDocument,
  contractFormat,
  contractText,
  type ErrorDocument,
  type EventDocument,
  emitContract,
  type OperationDocument,
} from './emit/document.js'
export { contractFromDocument } from './emit/from-document.js'
export type { EventDefinition } from './event.js'
export { type HttpRoute, parseHttp, routeIdentity } from './http.js'
export { checkName, isName } from './names.js'
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
export type { DetailsOf, EventTypes, NoDetails, OperationTypes } from './resolve-types.js'
export { type AnySchema, isSchema, type SchemaInput, type SchemaOutput } from './schema.js'
export { checkedCodec } from './schema-check.js'
export { isCompatible, parseVersion, type Version } from './version.js'
