import type { JsonSchema } from '../codec/index.js'
import type { AnyContract } from '../contract-types.js'
import type { OperationDefinition } from '../operation.js'
import { clientRuntime } from './client-runtime.js'
import { comment, commentText, isRecord, printKey, printType, type TypeNames } from './print-type.js'

/**
 * The source of a TypeScript module that calls the operations of a contract over HTTP, with their types and without
 * their schemas: for browsers, where a schema library would be a burden. It uses `fetch` and nothing else. Operations
 * that the gateway does not serve are left out.
 */
export function emitClient(contract: AnyContract): string {
  const { name, version, summary, commands, queries, errors } = contract
  const served = [...Object.values(commands), ...Object.values(queries)].filter(({ http }) => http !== undefined)
  const types = new TypeDeclarations()
  const title = capitalized(name)
  const members = served.map((operation) => printMember(operation, types))
  const failures = Object.values(errors).map(
    ({ name: error, details, detailsCodec }) =>
      `  ${printKey(error)}: ${details === undefined ? 'undefined' : types.use(`${capitalized(error)}Details`, detailsCodec.jsonSchema)}\n`,
  )
  return [
    `// Made from the contract ${name} ${version} by \`banyan contract emit\`. Do not edit: make it again.\n`,
    types.print(),
    `/** The errors that ${name} declares, with their details. */`,
    `export interface ${title}Errors {\n${failures.join('')}}\n`,
    summary === undefined ? '' : commentText(summary, '').trimEnd(),
    `export interface ${title}Client {\n${members.join('')}}\n`,
    clientRuntime(title, JSON.stringify(name)),
    `/** Makes a client. Inputs are validated by the module. */`,
    `export function create${title}Client(options: ClientOptions): ${title}Client {`,
    `  return {\n${served.map(printImplementation).join('')}  }\n}\n`,
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function printMember(operation: OperationDefinition, types: TypeDeclarations): string {
  const { name, summary, deprecated, errors } = operation
  const input =
    operation.input === undefined ? undefined : types.use(`${capitalized(name)}Input`, operation.inputCodec.jsonSchema)
  const output =
    operation.output === undefined ? 'void' : types.use(`${capitalized(name)}Output`, operation.outputCodec.jsonSchema)
  const thrown = Object.keys(errors)
  const notes = [
    ...(summary === undefined ? [] : [summary]),
    ...(thrown.length === 0 ? [] : [`@throws ${thrown.join(', ')}`]),
    ...(deprecated === undefined ? [] : [deprecated === true ? '@deprecated' : `@deprecated ${deprecated}`]),
  ]
  const parameters = input === undefined ? '' : `input: ${input}, `
  const documentation = notes.length === 0 ? '' : commentText(notes.join('\n'), '  ')
  return `${documentation}  ${printKey(name)}(${parameters}options?: CallOptions): Promise<${output}>\n`
}

function printImplementation(operation: OperationDefinition): string {
  const { name, http, input, output } = operation
  if (http === undefined) return ''
  const argument = input === undefined ? 'undefined' : 'input'
  const nullable = output !== undefined && http.method === 'GET' && allowsNull(operation.outputCodec.jsonSchema)
  const route = `{ method: '${http.method}', path: ${JSON.stringify(http.path)}, nullable: ${nullable} }`
  const parameters = input === undefined ? '(callOptions)' : '(input, callOptions)'
  return `    ${printKey(name)}: ${parameters} => call(options, ${route}, ${argument}, callOptions),\n`
}

/** Whether `null` is among the values; the gateway tells it as 404 then. */
function allowsNull({ type, anyOf }: JsonSchema): boolean {
  if (Array.isArray(anyOf)) return anyOf.some((member) => isRecord(member) && allowsNull(member))
  return type === 'null' || (Array.isArray(type) && type.includes('null'))
}

/** Types of one file, each under a name of its own. */
class TypeDeclarations {
  readonly #declarations: string[] = []
  readonly #taken = new Set<string>(['ClientOptions', 'CallOptions', 'Route'])

  /** Declares the type of a schema and gives its name. */
  use(wanted: string, schema: JsonSchema): string {
    const name = this.#claim(wanted)
    const references = new Map<string, string>([['#', name]])
    const pending: [name: string, schema: unknown][] = [[name, schema]]
    const names: TypeNames = {
      nameOf: (reference) => {
        const known = references.get(reference)
        if (known !== undefined) return known
        const claimed = this.#claim(`${name}${capitalized(reference.slice(reference.lastIndexOf('/') + 1))}`)
        references.set(reference, claimed)
        pending.push([claimed, resolve(schema, reference)])
        return claimed
      },
    }
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const [declared, described] = next
      this.#declarations.push(`${comment(described, '')}export type ${declared} = ${printType(described, names)}\n`)
    }
    return name
  }

  print(): string {
    return this.#declarations.join('\n')
  }

  #claim(wanted: string): string {
    const base = wanted.replace(/[^A-Za-z0-9_$]/g, '')
    let name = base
    for (let number = 2; this.#taken.has(name); number++) name = `${base}${number}`
    this.#taken.add(name)
    return name
  }
}

function resolve(root: JsonSchema, reference: string): unknown {
  if (!reference.startsWith('#/')) return true
  let place: unknown = root
  for (const token of reference.slice(2).split('/')) {
    const key = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
    place = isRecord(place) ? place[key] : undefined
  }
  return place ?? true
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
