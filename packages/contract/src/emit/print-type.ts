import type { JsonSchema } from '../codec/index.js'

/** Names for the definitions inside one schema, so that references (also to themselves) can be printed. */
export interface TypeNames {
  /** The name of the type of a reference such as `#/$defs/node`; it is declared by the caller. */
  nameOf(reference: string): string
}

const identifier = /^[A-Za-z_$][A-Za-z0-9_$]*$/

/** A property name as it stands in a TypeScript type or object literal. */
export function printKey(name: string): string {
  return identifier.test(name) ? name : JSON.stringify(name)
}

/** The TypeScript type of the values that a JSON Schema describes. What it cannot say is `unknown`. */
export function printType(schema: unknown, names: TypeNames, indent = ''): string {
  if (!isRecord(schema)) return schema === false ? 'never' : 'unknown'
  const reference = schema.$ref
  if (typeof reference === 'string') return names.nameOf(reference)
  if (Object.hasOwn(schema, 'const')) return JSON.stringify(schema.const)
  if (Array.isArray(schema.enum)) return union(schema.enum.map((value) => JSON.stringify(value)))
  const alternatives = schema.anyOf ?? schema.oneOf
  if (Array.isArray(alternatives)) return union(alternatives.map((member) => printType(member, names, indent)))
  if (Array.isArray(schema.allOf)) {
    return schema.allOf.map((part) => parenthesized(printType(part, names, indent))).join(' & ')
  }
  const type = schema.type
  if (Array.isArray(type)) return union(type.map((one) => printType({ ...schema, type: one }, names, indent)))
  return printPlain(type, schema, names, indent)
}

function printPlain(type: unknown, schema: JsonSchema, names: TypeNames, indent: string): string {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'number':
    case 'integer':
      return 'number'
    case 'array':
      return printArray(schema, names, indent)
    case 'object':
      return printObject(schema, names, indent)
    default:
      return isRecord(schema.properties) ? printObject(schema, names, indent) : 'unknown'
  }
}

function printArray(schema: JsonSchema, names: TypeNames, indent: string): string {
  const { prefixItems, items } = schema
  if (!Array.isArray(prefixItems)) return `${parenthesized(printType(items ?? true, names, indent))}[]`
  const members = prefixItems.map((item) => printType(item, names, indent))
  const rest = items === undefined || items === false ? [] : [`...${parenthesized(printType(items, names, indent))}[]`]
  return `[${[...members, ...rest].join(', ')}]`
}

function printObject(schema: JsonSchema, names: TypeNames, indent: string): string {
  const properties = isRecord(schema.properties) ? Object.entries(schema.properties) : []
  const additional = schema.additionalProperties
  const record = isRecord(additional) ? `Record<string, ${printType(additional, names, indent)}>` : undefined
  if (properties.length === 0) return record ?? 'Record<string, unknown>'
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : []
  const inner = `${indent}  `
  const lines = properties.map(([name, property]) => {
    const mark = required.includes(name) ? '' : '?'
    return `${comment(property, inner)}${inner}${printKey(name)}${mark}: ${printType(property, names, inner)}\n`
  })
  const object = `{\n${lines.join('')}${indent}}`
  return record === undefined ? object : `${object} & ${record}`
}

/** The description of a schema as a comment above what it describes. */
export function comment(schema: unknown, indent: string): string {
  const text = isRecord(schema) ? (schema.description ?? schema.title) : undefined
  return typeof text === 'string' ? commentText(text, indent) : ''
}

/** Text as a comment; it cannot end the comment early. */
export function commentText(text: string, indent: string): string {
  const safe = text.replaceAll('*/', '*\\/').split(/\r\n|\r|\n|\u2028|\u2029/)
  return safe.length === 1
    ? `${indent}/** ${safe[0]} */\n`
    : `${indent}/**\n${safe.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`
}

function union(members: readonly string[]): string {
  return [...new Set(members)].join(' | ') || 'never'
}

function parenthesized(type: string): string {
  return /[|&]/.test(type) && !type.startsWith('{') && !type.startsWith('(') ? `(${type})` : type
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
