import type { DeclaredError, ErrorHandle } from './declared-error.js'
import type { EventDefinition } from './event.js'
import type { OperationDefinition } from './operation.js'
import type { DetailsOf } from './resolve-types.js'

/**
 * What a module promises: pure data and types, importable by anyone. `Commands`, `Queries` and `Events` hold resolved
 * types (see `OperationTypes`, `EventTypes`), never schemas.
 */
export interface Contract<Name extends string, Commands, Queries, Events> {
  readonly kind: 'contract'
  readonly name: Name
  /** Semantic version, `major.minor.patch`. */
  readonly version: string
  /** Who answers for the module; absent when the contract does not say. */
  readonly owner?: string
  readonly summary?: string
  readonly commands: { readonly [Key in keyof Commands]: OperationDefinition<Commands[Key]> }
  readonly queries: { readonly [Key in keyof Queries]: OperationDefinition<Queries[Key]> }
  readonly events: { readonly [Key in keyof Events]: EventDefinition<Events[Key]> }
  /** Every error that an operation declares. `contract.errors.outOfStock.is(e)` narrows `e.details`. */
  readonly errors: ErrorHandles<Name, AllErrors<Commands> & AllErrors<Queries>>
}

/** A contract whose types are not known here: what the engine, tools and documents work with. */
export interface AnyContract {
  readonly kind: 'contract'
  readonly name: string
  readonly version: string
  readonly owner?: string
  readonly summary?: string
  readonly commands: Readonly<Record<string, OperationDefinition>>
  readonly queries: Readonly<Record<string, OperationDefinition>>
  readonly events: Readonly<Record<string, EventDefinition>>
  readonly errors: Readonly<Record<string, DeclaredError>>
}

/** What a type parameter for a contract is constrained by: cheap to compare, since only names are looked at. */
export interface ContractShape {
  readonly kind: 'contract'
  readonly name: string
}

export type ErrorHandles<Name extends string, Errors> = {
  readonly [Key in keyof Errors]: ErrorHandle<`${Name}.${Key & string}`, DetailsOf<Errors[Key]>>
}

/** The errors of all operations in one object type. One name has one definition per contract, so nothing collides. */
type AllErrors<Operations> = [keyof Operations] extends [never]
  ? unknown
  : Intersection<{ [Key in keyof Operations]: ErrorsOf<Operations[Key]> }[keyof Operations]>

type ErrorsOf<Operation> = Operation extends { errors: infer Errors } ? Errors : never

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (
  member: infer Whole,
) => void
  ? Whole
  : never

type TypesOf<C> =
  C extends Contract<infer Name, infer Commands, infer Queries, infer Events>
    ? { name: Name; commands: Commands; queries: Queries; events: Events }
    : never

/** The resolved types of the commands of a contract, by name. */
export type CommandsOf<C> = TypesOf<C>['commands']
/** The resolved types of the queries of a contract, by name. */
export type QueriesOf<C> = TypesOf<C>['queries']
/** The resolved types of the commands and queries of a contract, by name. */
export type OperationsOf<C> = TypesOf<C>['commands'] & TypesOf<C>['queries']
/** The resolved types of the events of a contract, by name. */
export type EventsOf<C> = TypesOf<C>['events']

/** What the handler of an operation gets. */
export type Received<Operation> = Operation extends { received: infer Type }
  ? Type
  : Operation extends { input: infer Type }
    ? Type
    : never
/** What the caller of an operation gets. */
export type Answered<Operation> = Operation extends { answered: infer Type }
  ? Type
  : Operation extends { output: infer Type }
    ? Type
    : never
/** What a subscriber to an event gets. */
export type Delivered<Event> = Event extends { received: infer Type }
  ? Type
  : Event extends { data: infer Type }
    ? Type
    : never

/** What a caller sends: `Input<typeof orders, 'place'>`. */
export type Input<C extends ContractShape, Name extends keyof OperationsOf<C>> = OperationsOf<C>[Name] extends {
  input: infer Type
}
  ? Type
  : never

/** What a caller gets: `Output<typeof orders, 'place'>`. */
export type Output<C extends ContractShape, Name extends keyof OperationsOf<C>> = Answered<OperationsOf<C>[Name]>

/** What a subscriber gets: `EventData<typeof orders, 'placed'>`. */
export type EventData<C extends ContractShape, Name extends keyof EventsOf<C>> = Delivered<EventsOf<C>[Name]>

/** The details of a declared error: `ErrorDetails<typeof inventory, 'outOfStock'>`. */
export type ErrorDetails<C extends ContractShape & { errors: unknown }, Name extends keyof C['errors']> =
  C['errors'][Name] extends ErrorHandle<string, infer Details> ? Details : never
