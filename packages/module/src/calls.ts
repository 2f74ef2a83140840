import type {
  Answered,
  CommandsOf,
  ContractError,
  ContractShape,
  DetailsOf,
  EventsOf,
  OperationsOf,
  QueriesOf,
} from '@banyan/contract'
import type { Duration } from './duration.js'

/*
 * What handlers get as `call`, `later`, `emit` and `fail`. Every member is a mapped property, never a string, so that
 * go to definition and rename lead to the contract.
 */

/** Contracts by the name of their module. */
export type Contracts = Readonly<Record<string, ContractShape>>

/** What `.result()` gives: a value, or an error that the contract declares. */
export type CallResult<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure }

/** A call under way. Awaiting it gives the output, or throws; it is cancelled when the handler ends before it. */
export interface Call<Value, Failure> extends Promise<Value> {
  /** Declared errors as a value. Everything that no contract promises (`unavailable`, `internal`, …) still throws. */
  result(): Promise<CallResult<Value, Failure>>
}

type InputArguments<Input> = [Input] extends [undefined]
  ? []
  : undefined extends Input
    ? [input?: Input]
    : [input: Input]

type InputOf<Operation> = Operation extends { input: infer Input } ? Input : never

type FailuresOf<Name extends string, Operation> = Operation extends { errors: infer Errors }
  ? { [Key in keyof Errors]: ContractError<`${Name}.${Key & string}`, DetailsOf<Errors[Key]>> }[keyof Errors]
  : never

/** Calls an operation: `call.inventory.reserve(input)`. */
export type Caller<Name extends string, Operation> = (
  ...input: InputArguments<InputOf<Operation>>
) => Call<Answered<Operation>, FailuresOf<Name, Operation>>

/** The commands and queries of one module. */
export type ModuleCaller<C extends ContractShape> = {
  readonly [Key in keyof OperationsOf<C>]: Caller<C['name'], OperationsOf<C>[Key]>
}

/** The queries of one module. */
export type QueryCaller<C extends ContractShape> = {
  readonly [Key in keyof QueriesOf<C>]: Caller<C['name'], QueriesOf<C>[Key]>
}

type Named<Own extends ContractShape> = { readonly [Name in Own['name']]: Own }

/** `call` in a command, event handler or route: the modules it uses, and its own under its own name. */
export type Calls<Own extends ContractShape, Uses> = {
  readonly [Name in keyof (Uses & Named<Own>)]: ModuleCaller<Extract<(Uses & Named<Own>)[Name], ContractShape>>
}

/** `call` in a query: the queries of the modules it uses, and its own. */
export type QueryCalls<Own extends ContractShape, Uses> = {
  readonly [Name in keyof (Uses & Named<Own>)]: QueryCaller<Extract<(Uses & Named<Own>)[Name], ContractShape>>
}

/** When a later call is due: after a duration, or at a time (a `Date`, or milliseconds since 1970). Absent: at once. */
export type LaterOptions = (
  | { readonly in: Duration; readonly at?: never }
  | { readonly at: Date | number; readonly in?: never }
  | { readonly in?: never; readonly at?: never }
) & {
  /** A later call of the same command with the same key is replaced, as long as it has not begun. */
  readonly key?: string
}

type LaterArguments<Input> = [Input] extends [undefined]
  ? [input?: undefined, options?: LaterOptions]
  : [input: Input, options?: LaterOptions]

/** `later.notifications.send(input, { in: '10m' })`: a durable call, written with the unit of work. Gives its id. */
export type Laters<Own extends ContractShape, Uses> = {
  readonly [Name in keyof (Uses & Named<Own>)]: ModuleLater<Extract<(Uses & Named<Own>)[Name], ContractShape>>
}

/** The commands of one module, to be called later. */
export type ModuleLater<C extends ContractShape> = {
  readonly [Key in keyof CommandsOf<C>]: (...input: LaterArguments<InputOf<CommandsOf<C>[Key]>>) => string
}

/** `emit.placed(data)`: collected, and appended to the log with the commit (P5). Checked at once. */
export type Emits<Own extends ContractShape> = {
  readonly [Key in keyof EventsOf<Own>]: (data: DataOf<EventsOf<Own>[Key]>) => void
}

type DataOf<Event> = Event extends { data: infer Data } ? Data : never

type FailArguments<Details> = [Details] extends [undefined] ? [] : [details: Details]

type ErrorsOf<Operation> = Operation extends { errors: infer Errors } ? Errors : never

/** `throw fail.outOfStock(details)`: the declared errors of one operation. */
export type Fails<Name extends string, Operation> = {
  readonly [Key in keyof ErrorsOf<Operation>]: (
    ...details: FailArguments<DetailsOf<ErrorsOf<Operation>[Key]>>
  ) => ContractError<`${Name}.${Key & string}`, DetailsOf<ErrorsOf<Operation>[Key]>>
}
