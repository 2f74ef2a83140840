import type { AnySchema, Codec, SchemaInput, SchemaOutput } from '@banyan/contract'

/** What is known of an event of a stream beside its data. */
export interface StreamEventInfo {
  /** When it was appended; never before that of the event before it. */
  readonly time: Date
  /** Its number in its stream, from 1. */
  readonly version: number
}

/** An event of an aggregate, where there is more to say of it than the schema of its data. */
export interface AggregateEventOptions<Schema extends AnySchema> {
  /** Schema of the data. */
  readonly data: Schema
  /** Version of the schema; counted up when data that is stored does not fit any more. Default 1. */
  readonly version?: number
  /**
   * By version, what makes data of the next version of it: `{ 1: (old) => ({ … }) }`. One for every version before
   * the present one. What it makes is validated by the schema.
   */
  // biome-ignore lint/suspicious/noExplicitAny: what an old version looked like is known to who writes this only
  readonly upcast?: Readonly<Record<number, (data: any) => unknown>>
  /** What decisions find the event by, such as `course:c1`. Kept as it is at the append. */
  readonly tags?: (data: SchemaOutput<Schema>, id: string) => readonly string[]
}

/** How often the state of a stream is written down, so that loading it reads few events. */
export interface SnapshotOptions {
  /** After so many events; 1 to 1,000,000. */
  readonly every: number
  /** Counted up when `evolve` or `initial` makes another state of the same events: older snapshots are then ignored and made again. Default 1. */
  readonly version?: number
}

/** The types of one event. */
export interface AggregateEventTypes {
  /** What is appended. */
  data: unknown
  /** What `evolve` gets. */
  received: unknown
}

export type ResolvedAggregateEvents<Schemas> = Schemas extends infer Known
  ? { -readonly [Type in keyof Known]: { data: SchemaInput<Known[Type]>; received: SchemaOutput<Known[Type]> } }
  : never

/** An event of an aggregate, read. */
export interface AggregateEventDefinition {
  readonly name: string
  readonly version: number
  readonly codec: Codec
  /** By version, what makes the next one. */
  readonly upcast: Readonly<Record<number, (data: unknown) => unknown>>
  readonly tags?: (data: unknown, id: string) => readonly string[]
}

/** Makes the state after an event of the state before it. */
export type Evolve = (state: unknown, data: unknown, event: StreamEventInfo) => unknown

/** An aggregate whose types are not known here: what the engine works with. */
export interface AnyAggregate {
  readonly kind: 'aggregate'
  readonly name: string
  /** Frozen, in the portable form. */
  readonly initial: unknown
  readonly events: Readonly<Record<string, AggregateEventDefinition>>
  readonly evolve: Readonly<Record<string, Evolve>>
  readonly snapshots?: { readonly every: number; readonly version: number }
}

/** State that is made from a stream of events of its own. */
export interface Aggregate<State, Events> extends AnyAggregate {
  /** Never there: it carries the types for the compiler. */
  readonly '~types'?: { readonly state: State; readonly events: Events }
}

/** A decision whose types are not known here. */
export interface AnyDecision {
  readonly kind: 'decision'
  readonly of: Readonly<Record<string, AnyAggregate>>
  readonly initial: (input: never) => unknown
  readonly tags: (input: never) => readonly (readonly string[])[]
  readonly evolve: Readonly<Record<string, Readonly<Record<string, Evolve>>>>
}

/** State that is made from the events of many streams which carry certain tags. */
export interface Decision<Input, State> extends AnyDecision {
  /** Never there: it carries the types for the compiler. */
  readonly '~types'?: { readonly input: (input: Input) => void; readonly state: State }
}
