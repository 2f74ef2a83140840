// The two parts of `pg` that have no published types. Both are named by the package's `exports`; the version is pinned
// to the patch level, and the conformance suite runs through them on every change.
declare module 'pg/lib/result.js' {
  import type { FieldDef } from 'pg'

  export interface TypeLookup {
    getTypeParser(oid: number, format: string): (value: string) => unknown
  }
  export default class Result {
    constructor(rowMode?: string, types?: TypeLookup)
    command: string | null
    rowCount: number | null
    rows: unknown[]
    fields: FieldDef[]
    addFields(fields: FieldDef[]): void
    addCommandComplete(message: unknown): void
    parseRow(fields: readonly (string | null)[]): unknown
    addRow(row: unknown): void
  }
}

declare module 'pg/lib/utils.js' {
  const utils: { prepareValue(value: unknown): string | Buffer | null }
  export default utils
}
