import type { Codec, JsonSchema } from '../codec/index.js'
import type { AnyContract } from '../contract-types.js'
import type { EventDefinition } from '../event.js'
import type { OperationDefinition } from '../operation.js'

/** The form of contract documents. It changes when a reader of the old form could misunderstand the new one. */
export const contractFormat = 'banyan.contract/1'

/** A contract as JSON: what gates, documentation and other languages read. Schemas are JSON Schema, draft 2020-12. */
export interface ContractDocument {
  readonly format: typeof contractFormat
  readonly name: string
  readonly version: string
  readonly owner?: string
  readonly summary?: string
  readonly commands: Readonly<Record<string, OperationDocument>>
  readonly queries: Readonly<Record<string, OperationDocument>>
  readonly events: Readonly<Record<string, EventDocument>>
  readonly errors: Readonly<Record<string, ErrorDocument>>
}

export interface OperationDocument {
  readonly summary?: string
  /** `METHOD /path/{parameter}`; absent: not served by the gateway. */
  readonly http?: string
  /** Permissions, or `public`; absent: authenticated. */
  readonly access?: readonly string[] | 'public'
  readonly deprecated?: true | string
  /** Schema of what is sent; absent: nothing. */
  readonly input?: JsonSchema
  /** Schema of what comes back; absent: nothing. */
  readonly output?: JsonSchema
  /** Names of the errors that it declares, sorted; they stand under `errors`. */
  readonly errors: readonly string[]
}

export interface EventDocument {
  readonly summary?: string
  readonly data: JsonSchema
  /** The property of the data that orders the events. */
  readonly key: string
  /** Version of the data's schema. */
  readonly version: number
  readonly deprecated?: true | string
}

export interface ErrorDocument {
  /** HTTP status at the gateway. */
  readonly status: number
  /** Template; `{name}` is filled from the details. */
  readonly message: string
  readonly retryable: boolean
  /** Schema of the details; absent: none. */
  readonly details?: JsonSchema
}

/**
 * The document of a contract. The same contract gives the same document, with sorted keys, so that two of them can be
 * compared as text. Schemas are those of the input form, which is the form that crosses between modules.
 */
export function emitContract(contract: AnyContract): ContractDocument {
  const { name, version, owner, summary, commands, queries, events, errors } = contract
  return sorted({
    format: contractFormat,
    name,
    version,
    ...defined({ owner, summary }),
    commands: mapEntries(commands, operationDocument),
    queries: mapEntries(queries, operationDocument),
    events: mapEntries(events, eventDocument),
    errors: mapEntries(errors, ({ status, message, retryable, details, detailsCodec }) => ({
      status,
      message,
      retryable,
      ...schemaOf('details', details, detailsCodec),
    })),
  }) as ContractDocument
}

/** A document as text: two spaces, sorted keys, a line feed at the end. */
export function contractText(document: ContractDocument): string {
  return `${JSON.stringify(sorted(document), null, 2)}\n`
}

function operationDocument(operation: OperationDefinition): OperationDocument {
  const { summary, http, access, deprecated, input, output, errors } = operation
  return {
    ...defined({ summary, access, deprecated }),
    ...(http === undefined ? {} : { http: `${http.method} ${http.path}` }),
    ...schemaOf('input', input, operation.inputCodec),
    ...schemaOf('output', output, operation.outputCodec),
    errors: Object.keys(errors).sort(),
  }
}

function eventDocument({ summary, codec, key, version, deprecated }: EventDefinition): EventDocument {
  return { ...defined({ summary, deprecated }), data: withoutDialect(codec.jsonSchema), key, version }
}

function schemaOf<Key extends string>(key: Key, schema: unknown, codec: Codec): { [Name in Key]?: JsonSchema } {
  return schema === undefined ? {} : ({ [key]: withoutDialect(codec.jsonSchema) } as { [Name in Key]: JsonSchema })
}

// The format says which dialect it is; some libraries repeat it in every schema and some do not.
function withoutDialect({ $schema: _dialect, ...schema }: JsonSchema): JsonSchema {
  return schema
}

function defined<Entries extends object>(entries: Entries): { [Key in keyof Entries]: NonNullable<Entries[Key]> } {
  const present = Object.entries(entries).filter(([, value]) => value !== undefined)
  return Object.fromEntries(present) as { [Key in keyof Entries]: NonNullable<Entries[Key]> }
}

function mapEntries<From, To>(entries: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, map(value)]))
}

/** A copy with sorted keys. Lists keep their order, but for `required` of a schema, where it means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  const isSchema = 'properties' in value && 'required' in value
  return Object.fromEntries(
    entries.map(([name, item]) => [name, isSchema && name === 'required' ? sortedNames(item) : sorted(item)]),
  )
}

function sortedNames(value: unknown): unknown {
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? [...value].sort() : sorted(value)
}
