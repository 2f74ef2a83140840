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

/*
 * The types below sit in a branch of a conditional type, so that they have no alias: a message about a misspelt
 * member then lists the members there are, instead of the arguments of an alias.
 */

/** Calls an operation: `call.inventory.reserve(input)`. */
export type Caller<Name extends string, Operation> = Operation extends { input: infer Input; errors: infer Errors }
  ? (
      ...input: InputArguments<Input>
    ) => Call<
      Answered<Operation>,
      { [Key in keyof Errors]: ContractError<`${Name}.${Key & string}`, DetailsOf<Errors[Key]>> }[keyof Errors]
    >
  : never

/** The commands and queries of one module. */
export type ModuleCaller<C extends ContractShape> =
  OperationsOf<C> extends infer Operations
    ? { readonly [Key in keyof Operations]: Caller<C['name'], Operations[Key]> }
    : never

/** The queries of one module. */
export type QueryCaller<C extends ContractShape> =
  QueriesOf<C> extends infer Operations
    ? { readonly [Key in keyof Operations]: Caller<C['name'], Operations[Key]> }
    : never

/** The modules that a handler may call: those its module uses, and its own under its own name. */
type Callable<Own extends ContractShape, Uses> = Uses & { readonly [Name in Own['name']]: Own }

/** `call` in a command, event handler or route. */
export type Calls<Own extends ContractShape, Uses> =
  Callable<Own, Uses> extends infer Modules
    ? { readonly [Name in keyof Modules]: ModuleCaller<Extract<Modules[Name], ContractShape>> }
    : never

/** `call` in a query: queries only, since a query changes nothing. */
export type QueryCalls<Own extends ContractShape, Uses> =
  Callable<Own, Uses> extends infer Modules
    ? { readonly [Name in keyof Modules]: QueryCaller<Extract<Modules[Name], ContractShape>> }
    : never

/** When a later call is due: after a duration, or at a time (a `Date`, or milliseconds since 1970). Absent: at once. */
export type LaterOptions =
  | { readonly in: Duration; readonly at?: never }
  | { readonly at: Date | number; readonly in?: never }
  | { readonly in?: never; readonly at?: never }

type LaterArguments<Input> = [Input] extends [undefined]
  ? [input?: undefined, options?: LaterOptions]
  : [input: Input, options?: LaterOptions]

/** `later.notifications.send(input, { in: '10m' })`: a durable call, written with the unit of work. Gives its id. */
export type Laters<Own extends ContractShape, Uses> =
  Callable<Own, Uses> extends infer Modules
    ? { readonly [Name in keyof Modules]: ModuleLater<Extract<Modules[Name], ContractShape>> }
    : never

/** The commands of one module, to be called later. */
export type ModuleLater<C extends ContractShape> =
  CommandsOf<C> extends infer Commands
    ? { readonly [Key in keyof Commands]: (...input: LaterArguments<InputOf<Commands[Key]>>) => string }
    : never

/** `emit.placed(data)`: collected, and appended to the log with the commit (P5). Checked at once. */
export type Emits<Own extends ContractShape> =
  EventsOf<Own> extends infer Events ? { readonly [Key in keyof Events]: (data: DataOf<Events[Key]>) => void } : never

type DataOf<Event> = Event extends { data: infer Data } ? Data : never

type FailArguments<Details> = [Details] extends [undefined] ? [] : [details: Details]

/** `throw fail.outOfStock(details)`: the declared errors of one operation of the module `Name`. */
export type Fails<Name extends string, Operation> = Operation extends { errors: infer Errors }
  ? {
      readonly [Key in keyof Errors]: (
        ...details: FailArguments<DetailsOf<Errors[Key]>>
      ) => ContractError<`${Name}.${Key & string}`, DetailsOf<Errors[Key]>>
    }
  : never
