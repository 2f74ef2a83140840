/**
 * Splits a SQL file into its statements by PostgreSQL's own lexical rules, so that a failure can be told by line, and
 * so that a migration outside a transaction can be sent one statement at a time (several in one message are an implicit
 * transaction). What it cannot read (an unterminated string) becomes one statement, and PostgreSQL says what is wrong.
 */

/** One statement of a file, without the comments before it and without its semicolon. */
export interface SqlStatement {
  readonly text: string
  /** Where the text begins in the file, in UTF-16 units. */
  readonly offset: number
  /** The first two words, lower case, for example `['create', 'index']`. */
  readonly words: readonly string[]
}

interface Cursor {
  readonly sql: string
  at: number
}

const space = /\s+/y
const lineComment = /--[^\n]*/y
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y
const plainString = /'(?:[^']|'')*'?/y
const escapeString = /[eE]'(?:[^'\\]|''|\\[\s\S])*'?/y
const quotedName = /"(?:[^"]|"")*"?/y
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y
const numberLiteral = /\d[\w.]*/y

function match(pattern: RegExp, cursor: Cursor): string | undefined {
  pattern.lastIndex = cursor.at
  const found = pattern.exec(cursor.sql)
  if (!found) return undefined
  cursor.at = pattern.lastIndex
  return found[0]
}

// Block comments nest in PostgreSQL, unlike in the SQL standard's examples and most editors.
function skipBlockComment(cursor: Cursor): boolean {
  if (!cursor.sql.startsWith('/*', cursor.at)) return false
  let depth = 0
  while (cursor.at < cursor.sql.length) {
    if (cursor.sql.startsWith('/*', cursor.at)) {
      depth++
      cursor.at += 2
    } else if (cursor.sql.startsWith('*/', cursor.at)) {
      depth--
      cursor.at += 2
      if (depth === 0) return true
    } else cursor.at++
  }
  return true
}

function skipBlank(cursor: Cursor): boolean {
  return match(space, cursor) !== undefined || match(lineComment, cursor) !== undefined || skipBlockComment(cursor)
}

function skipQuoted(cursor: Cursor): boolean {
  if (match(escapeString, cursor) ?? match(plainString, cursor) ?? match(quotedName, cursor)) return true
  const tag = match(dollarTag, cursor)
  if (tag === undefined) return false
  const end = cursor.sql.indexOf(tag, cursor.at)
  cursor.at = end < 0 ? cursor.sql.length : end + tag.length
  return true
}

/**
 * A function written in standard SQL (`create function … begin atomic … ; … end`) holds semicolons of its own;
 * inside it, `case … end` counts too. The same rule as psql's.
 */
function bodyDepth(depth: number, words: readonly string[], current: string): number {
  const [first, second, third, fourth] = words
  const kind = second === 'or' && third === 'replace' ? fourth : second
  if (first !== 'create' || (kind !== 'function' && kind !== 'procedure')) return 0
  if (current === 'begin') return depth + 1
  if (current === 'case' && depth > 0) return depth + 1
  if (current === 'end' && depth > 0) return depth - 1
  return depth
}

function nextStatement(cursor: Cursor): SqlStatement | undefined {
  while (cursor.at < cursor.sql.length && skipBlank(cursor));
  if (cursor.at >= cursor.sql.length) return undefined
  const offset = cursor.at
  const words: string[] = []
  let parentheses = 0
  let body = 0
  while (cursor.at < cursor.sql.length) {
    if (skipBlank(cursor) || skipQuoted(cursor)) continue
    const found = match(word, cursor)?.toLowerCase()
    if (found !== undefined) {
      if (words.length < 4) words.push(found)
      if (parentheses === 0) body = bodyDepth(body, words, found)
      continue
    }
    if (match(numberLiteral, cursor) !== undefined) continue
    const character = cursor.sql[cursor.at]
    if (character === ';' && parentheses === 0 && body === 0) break
    if (character === '(') parentheses++
    if (character === ')' && parentheses > 0) parentheses--
    cursor.at++
  }
  const text = cursor.sql.slice(offset, cursor.at).trimEnd()
  cursor.at++
  return { text, offset, words: words.slice(0, 2) }
}

/** The statements of a SQL text in their order; empty ones are left out. */
export function splitStatements(sql: string): readonly SqlStatement[] {
  const cursor: Cursor = { sql, at: 0 }
  const statements: SqlStatement[] = []
  for (let next = nextStatement(cursor); next; next = nextStatement(cursor)) if (next.text !== '') statements.push(next)
  return statements
}

/** Line and column, both from 1, of an offset in UTF-16 units. */
export function placeOf(sql: string, offset: number): { readonly line: number; readonly column: number } {
  const before = sql.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1 }
}

/** PostgreSQL counts positions in characters from 1; strings here are UTF-16. */
export function offsetOfPosition(text: string, position: number): number {
  let offset = 0
  let count = 1
  for (const character of text) {
    if (count >= position) break
    offset += character.length
    count++
  }
  return offset
}
