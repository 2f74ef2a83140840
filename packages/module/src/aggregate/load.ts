import type { Aggregate, Decision } from './aggregate-types.js'

/** An aggregate as it was at some time. It cannot be appended to. */
export interface ReadAggregate<State> {
  readonly id: string
  /** Frozen: what evolve makes is a copy that nobody can change. */
  readonly state: State
  /** How many events it is made of; 0 for an id that nothing happened to. */
  readonly version: number
}

type DataOf<Event> = Event extends { data: infer Data } ? Data : never

/** An aggregate that a command loaded. `state` and `version` follow what is appended. */
export interface LoadedAggregate<State, Events> extends ReadAggregate<State> {
  /**
   * `c.append.lineAdded(line)`: checked at once, written with the commit. When another command appended to the stream
   * meanwhile, nothing of this one is kept, and it runs again.
   */
  readonly append: { readonly [Type in keyof Events]: (data: DataOf<Events[Type]>) => void }
}

/** What a decision is made on. */
export interface LoadedDecision<State> {
  /** Frozen. What is appended afterwards does not change it. */
  readonly state: State
}

/** Which moment of an aggregate is read. */
export type AsOf =
  | { /** All that had happened at this time. */ readonly at: Date | number; readonly version?: never }
  | { /** The first so many events. */ readonly version: number; readonly at?: never }

/*
 * The overload that is most often meant stands last: it is the one that a message about a mistake tells of.
 */

/** `load` in a command, event handler or route. */
export interface Load {
  /** What a decision is made on; the command commits only if it still holds then. */
  <Input, State>(decision: Decision<Input, State>, input: Input): Promise<LoadedDecision<State>>
  /** The aggregate as it was. */
  <State, Events>(aggregate: Aggregate<State, Events>, id: string, options: AsOf): Promise<ReadAggregate<State>>
  /**
   * The aggregate, to append to. With `isNew` nothing is read: it is taken to have no events, and the commit fails when it has.
   * @throws `stream-unreadable` when an event in it does not fit the code
   */
  <State, Events>(
    aggregate: Aggregate<State, Events>,
    id: string,
    options?: { readonly isNew?: boolean },
  ): Promise<LoadedAggregate<State, Events>>
}

/** `load` in a query: it reads, so there is no `append`. */
export interface ReadLoad {
  /** What a decision would be made on. */
  <Input, State>(decision: Decision<Input, State>, input: Input): Promise<LoadedDecision<State>>
  /** The aggregate as it is, or as it was. */
  <State, Events>(aggregate: Aggregate<State, Events>, id: string, options?: AsOf): Promise<ReadAggregate<State>>
}
