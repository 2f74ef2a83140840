import type { CommandOptions, EventOptions, QueryOptions } from './options.js'
import type { SchemaInput } from './schema.js'

/*
 * A type parameter that is inferred from an object literal takes misspelt options along, so TypeScript reports none.
 * These types look for misfits afterwards. Without any they are the inferred type itself (no intersection, so nothing
 * can collapse into `never`); with one they are the shape that was expected, and the error lands on the property.
 */

/** The type that a misspelt option is compared with: the message of the compile error. */
export type UnknownOption<Name, Options> =
  `unknown option '${Name & string}'; known are ${Join<keyof Options & string>}`

export type CheckedCommands<Commands> = [UnknownOf<Commands, CommandOptions>] extends [never]
  ? Commands
  : Expected<Commands, CommandOptions>

export type CheckedQueries<Queries> = [UnknownOf<Queries, QueryOptions>] extends [never]
  ? Queries
  : Expected<Queries, QueryOptions>

export type CheckedEvents<Events> = [UnknownOf<Events, EventOptions> | BadKeyOf<Events>] extends [never]
  ? Events
  : ExpectedEvents<Events>

type UnknownOf<Definitions, Options> = {
  [Name in keyof Definitions]: Exclude<keyof Definitions[Name], keyof Options>
}[keyof Definitions]

type Expected<Definitions, Options> = {
  [Name in keyof Definitions]: {
    [Option in keyof Definitions[Name]]: Option extends keyof Options ? Options[Option] : UnknownOption<Option, Options>
  }
}

/** The properties of an event's data; those of every member, when it is a union. */
export type KeyOf<Event> = Event extends { readonly data: infer Data }
  ? [keyof SchemaInput<Data>] extends [never]
    ? string
    : keyof SchemaInput<Data> & string
  : string

type BadKeyOf<Events> = {
  [Name in keyof Events]: Events[Name] extends { readonly key: KeyOf<Events[Name]> } ? never : Name
}[keyof Events]

type ExpectedEvents<Events> = {
  [Name in keyof Events]: {
    [Option in keyof Events[Name]]: Option extends 'key'
      ? KeyOf<Events[Name]>
      : Option extends keyof EventOptions
        ? EventOptions[Option]
        : UnknownOption<Option, EventOptions>
  }
}

/** The members of a union of strings as one string. A fixed order is not promised by TypeScript. */
type Join<Union extends string, Last extends string = LastOf<Union>> = [Union] extends [never]
  ? ''
  : [Exclude<Union, Last>] extends [never]
    ? Last
    : `${Join<Exclude<Union, Last>>}, ${Last}`

type LastOf<Union> = (Union extends unknown ? (member: () => Union) => void : never) extends (
  member: infer Intersection,
) => void
  ? Intersection extends () => infer Member
    ? Extract<Member, string>
    : never
  : never
