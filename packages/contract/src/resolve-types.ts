import type { AnySchema, SchemaInput, SchemaOutput } from './schema.js'

/*
 * From the schemas of a definition to plain types. They are resolved once, where the contract is made, so that a
 * declaration file holds `{ orderId: string }` and not the type of a schema: this is what keeps 200 modules fast, and
 * declarations within what the compiler is willing to write (TS7056).
 * The mapped types sit in branches of conditional types, because an alias would be printed with its schema arguments.
 * They are homomorphic, so that every property leads back to the contract (go to definition, rename).
 */

/** The types of one operation. `received` and `answered` are there only where decoding changes the type. */
export interface OperationTypes {
  /** What a caller sends. */
  input: unknown
  /** What the handler gets, where it differs from `input`. */
  received?: unknown
  /** What the handler returns. */
  output: unknown
  /** What the caller gets, where it differs from `output`. */
  answered?: unknown
  /** Details of the declared errors by name. */
  errors: object
}

/** The types of one event. `received` is there only where decoding changes the type. */
export interface EventTypes {
  /** What is published. */
  data: unknown
  /** What a subscriber gets, where it differs from `data`. */
  received?: unknown
}

export type ResolvedOperations<Definitions> = Definitions extends infer Known
  ? { -readonly [Name in keyof Known]: ResolvedOperation<Known[Name]> }
  : never

export type ResolvedEvents<Definitions> = Definitions extends infer Known
  ? { -readonly [Name in keyof Known]: ResolvedEvent<Known[Name]> }
  : never

type ResolvedOperation<Definition> = Flat<
  InputTypes<Definition> & OutputTypes<Definition> & { errors: ResolvedErrors<Definition> }
>

type ResolvedEvent<Definition> = Definition extends { readonly data: infer Schema }
  ? Flat<{ data: SchemaInput<Schema> } & Changed<SchemaInput<Schema>, SchemaOutput<Schema>, 'received'>>
  : never

type InputTypes<Definition> = Definition extends { readonly input: infer Schema extends AnySchema }
  ? { input: SchemaInput<Schema> } & Changed<SchemaInput<Schema>, SchemaOutput<Schema>, 'received'>
  : { input: undefined }

type OutputTypes<Definition> = Definition extends { readonly output: infer Schema extends AnySchema }
  ? { output: SchemaInput<Schema> } & Changed<SchemaInput<Schema>, SchemaOutput<Schema>, 'answered'>
  : // biome-ignore lint/suspicious/noConfusingVoidType: it is the return type of the handler
    { output: void }

type ResolvedErrors<Definition> = Definition extends { readonly errors: infer Errors }
  ? { -readonly [Name in keyof Errors]: ResolvedDetails<Errors[Name]> }
  : // biome-ignore lint/complexity/noBannedTypes: no members; an alias would be printed in its place
    {}

type ResolvedDetails<Definition> = Definition extends AnySchema
  ? SchemaInput<Definition>
  : Definition extends { readonly details: infer Schema extends AnySchema }
    ? SchemaInput<Schema>
    : NoDetails

/**
 * Stands for the absent details of an error. A type of its own, because TypeScript 7.0 writes `{}` into declaration
 * files where the source says `closed: {}` and the type is `undefined`.
 */
export interface NoDetails {
  readonly '~details': 'none'
}

/** The type of `error.details`. */
export type DetailsOf<Details> = [Details] extends [NoDetails] ? undefined : Details

type Changed<Sent, Received, Key extends string> =
  Same<Sent, Received> extends true ? unknown : { [Name in Key]: Received }

/** Identity of types, the way the compiler compares them. */
type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false

type Flat<Type> = Type extends infer Known ? { [Name in keyof Known]: Known[Name] } : never
