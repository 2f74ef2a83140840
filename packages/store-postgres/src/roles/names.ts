import { createHash } from 'node:crypto'

/** PostgreSQL cuts identifiers after 63 bytes without a word; what is longer is shortened here, and stays unique. */
const maxIdentifier = 63

function snake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
}

function shorten(identifier: string): string {
  if (identifier.length <= maxIdentifier) return identifier
  const mark = createHash('sha256').update(identifier).digest('hex').slice(0, 8)
  return `${identifier.slice(0, maxIdentifier - mark.length - 1)}_${mark}`
}

/** The schema of a module: its name in lower case with underscores (`orderItems` is `order_items`). */
export function schemaName(module: string): string {
  return shorten(snake(module))
}

/** The login role of a module. Roles belong to the whole server, so the app's name stands in front. */
export function roleName(app: string, module: string): string {
  return shorten(`${snake(app)}_${snake(module)}`)
}

/** Whether PostgreSQL or Banyan keeps this schema name for itself. */
export function isReservedSchema(schema: string): boolean {
  return (
    schema === 'public' || schema === 'information_schema' || schema.startsWith('pg_') || schema.startsWith('banyan_')
  )
}

/** An identifier, quoted for SQL. */
export function quoteIdentifier(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}

/** A text, quoted for SQL where no parameter can stand. */
export function quoteLiteral(text: string): string {
  return text.includes('\\')
    ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`
}
