import { problemsError } from '@banyan/errors'
import { type JsonSchema, portableCopy, type StandardSchema } from '../codec/index.js'
import type { AnyContract } from '../contract-types.js'
import type { CommandRoute, ErrorOptions, QueryRoute } from '../options.js'
import { readContract } from '../read.js'
import { type ContractDocument, contractFormat, type ErrorDocument, type OperationDocument } from './document.js'

/**
 * A contract made from its document, for callers that have no schemas: values are copied and left as they are, and the
 * module itself validates them.
 * @throws `invalid-contract` with every problem of the document at once
 */
export function contractFromDocument(document: ContractDocument): AnyContract {
  if (document.format !== contractFormat) {
    const problem = {
      who: `contract ${document.name}`,
      where: 'format',
      what: `${JSON.stringify(document.format)} is not a form that this version reads`,
      allowed: contractFormat,
      remedy: 'Emit the contract again with this version, or use the version that wrote it.',
    }
    throw problemsError('invalid-contract', { name: String(document.name) }, [problem])
  }
  const { name, version, owner, summary, commands, queries, events, errors } = document
  const { contract, problems } = readContract({
    name,
    version,
    ...(owner === undefined ? {} : { owner }),
    ...(summary === undefined ? {} : { summary }),
    commands: mapEntries(commands, (operation) => operationOptions<CommandRoute>(operation, errors)),
    queries: mapEntries(queries, (operation) => operationOptions<QueryRoute>(operation, errors)),
    events: mapEntries(events, (event) => ({ ...event, data: describedSchema(event.data) })),
  })
  if (problems.length > 0) throw problemsError('invalid-contract', { name }, problems)
  return contract
}

function operationOptions<Route extends string>(
  { input, output, errors, http, ...operation }: OperationDocument,
  definitions: ContractDocument['errors'],
) {
  return {
    ...operation,
    ...(input === undefined ? {} : { input: describedSchema(input) }),
    ...(output === undefined ? {} : { output: describedSchema(output) }),
    // Whether it is a route is checked like in a contract written by hand.
    ...(http === undefined ? {} : { http: http as Route }),
    errors: Object.fromEntries(errors.map((name) => [name, errorOptions(definitions[name])])),
  }
}

function errorOptions(document: ErrorDocument | undefined): ErrorOptions {
  if (document === undefined) return {}
  const { details, ...options } = document
  return details === undefined ? options : { ...options, details: describedSchema(details) }
}

/** A schema that describes itself, and takes every portable value. */
function describedSchema(jsonSchema: JsonSchema): StandardSchema {
  const describe = (): Record<string, unknown> => ({ ...jsonSchema })
  return {
    '~standard': {
      version: 1,
      vendor: 'banyan',
      validate(value) {
        const copied = portableCopy(value)
        return copied.ok ? { value: copied.value } : { issues: copied.issues }
      },
      jsonSchema: { input: describe, output: describe },
    },
  }
}

function mapEntries<From, To>(entries: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, map(value)]))
}
