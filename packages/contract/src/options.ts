import type { AnySchema } from './schema.js'

/** How a declared error is written in a contract, when more than its schema is to be said. */
export interface ErrorOptions {
  /** HTTP status at the gateway; default 422. */
  readonly status?: number
  /** Template of the message; `{name}` is filled from the details. Default: the name of the error. */
  readonly message?: string
  /** What the error tells; absent: nothing but its code. */
  readonly details?: AnySchema
  /** Whether the same request may succeed later; default false. */
  readonly retryable?: boolean
}

/** The declared errors of an operation by name; a schema alone stands for `{ details: schema }`. */
export type ErrorsOptions = Readonly<Record<string, ErrorOptions | AnySchema>>

/** `METHOD /path`, with `{parameter}` for a property of the input. */
export type CommandRoute = `${'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`

/** `METHOD /path`, with `{parameter}` for a property of the input. POST serves inputs that do not fit into a URL. */
export type QueryRoute = `${'GET' | 'POST'} /${string}`

interface OperationOptions {
  readonly summary?: string
  /** Absent: the operation takes nothing. */
  readonly input?: AnySchema
  /** Absent: the operation gives nothing back. A `null` output of a GET is 404. */
  readonly output?: AnySchema
  readonly errors?: ErrorsOptions
  /** Permissions of which the caller at the edge needs all; `'public'` opens it to everybody. Absent: authenticated. */
  readonly access?: readonly string[] | 'public'
  /** `true`, or what to use instead. */
  readonly deprecated?: boolean | string
}

/** An operation that may change state. */
export interface CommandOptions extends OperationOptions {
  /** Where the gateway serves it; absent: only other modules may call it. */
  readonly http?: CommandRoute
}

/** An operation that changes nothing. */
export interface QueryOptions extends OperationOptions {
  /** Where the gateway serves it; absent: only other modules may call it. */
  readonly http?: QueryRoute
}

/** A fact that the module publishes about its own state. */
export interface EventOptions {
  readonly summary?: string
  readonly data: AnySchema
  /** The property of the data whose value orders the events: those of one key are delivered in order. */
  readonly key: string
  /** Version of the data's schema, a whole number from 1; default 1. */
  readonly version?: number
  readonly deprecated?: boolean | string
}

export type CommandsOptions = Readonly<Record<string, CommandOptions>>
export type QueriesOptions = Readonly<Record<string, QueryOptions>>
export type EventsOptions = Readonly<Record<string, EventOptions>>
