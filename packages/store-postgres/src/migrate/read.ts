import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Problem, problemsError } from '@banyan/errors'
import { type SqlStatement, splitStatements } from './statements.js'

/** One numbered SQL file. */
export interface Migration {
  /** From the file's name: `7` of `0007_add_index.sql`. It identifies the migration; the rest of the name is for people. */
  readonly number: number
  readonly name: string
  /** The file's name without its folder. */
  readonly file: string
  /** The text with line endings normalised to a line feed, so that a checkout on Windows is the same migration. */
  readonly sql: string
  /** SHA-256 of the text, hexadecimal. */
  readonly checksum: string
  /** False when the file begins with `-- banyan: no transaction`. */
  readonly transaction: boolean
  readonly statements: readonly SqlStatement[]
}

const fileName = /^(\d{1,9})_([A-Za-z0-9][A-Za-z0-9_-]*)\.sql$/
const noTransaction = /^--\s*banyan:\s*no transaction\s*$/m
const transactionWords = new Set([
  'begin',
  'commit',
  'rollback',
  'abort',
  'end',
  'start transaction',
  'prepare transaction',
])

// Savepoints are allowed: they live inside our transaction, and `rollback to` one leaves it open.
function transactionControl(statement: SqlStatement): string | undefined {
  const [first = '', second = ''] = statement.words
  if (first === 'rollback' && second === 'to') return undefined
  if (transactionWords.has(first)) return first
  return transactionWords.has(`${first} ${second}`) ? `${first} ${second}` : undefined
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.sql'))
  } catch (error) {
    const what = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'The folder does not exist' : String(error)
    throw problemsError('invalid-migrations', { folder }, [
      { who: folder, where: 'folder', what, remedy: 'Correct the path under migrations, or make the folder.' },
    ])
  }
}

function nameProblems(names: readonly string[]): Problem[] {
  const problems: Problem[] = []
  const seen = new Map<number, string>()
  for (const name of names) {
    const found = fileName.exec(name)
    const number = found ? Number(found[1]) : 0
    if (!found || number < 1) {
      const allowed = 'a number from 1, an underscore, a name of letters, digits, _ and -, for example 0001_orders.sql'
      problems.push({
        who: name,
        where: 'name',
        what: 'The name is no migration’s',
        allowed,
        remedy: 'Rename the file.',
      })
      continue
    }
    const twin = seen.get(number)
    if (twin !== undefined) {
      const what = `Number ${number} is also that of ${twin}`
      problems.push({ who: name, where: 'number', what, remedy: 'Give the newer one the next free number.' })
    }
    seen.set(number, name)
  }
  return problems
}

function readOne(folder: string, file: string): Migration | Problem {
  const [, digits = '', name = ''] = fileName.exec(file) ?? []
  const bytes = readFileSync(join(folder, file))
  const refuse = (where: string, what: string, remedy: string): Problem => ({ who: file, where, what, remedy })
  if (!isUtf8(bytes)) return refuse('text', 'The file is not UTF-8', 'Save it as UTF-8.')
  const sql = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
  const statements = splitStatements(sql)
  if (statements.length === 0) return refuse('text', 'The file holds no statement', 'Write one, or delete the file.')
  for (const statement of statements) {
    const control = transactionControl(statement)
    if (control === undefined) continue
    const remedy = 'Leave it out; a file that begins with `-- banyan: no transaction` runs outside.'
    return refuse('text', `It says ${control.toUpperCase()}, but Banyan begins and ends the transaction`, remedy)
  }
  return {
    number: Number(digits),
    name,
    file,
    sql,
    checksum: createHash('sha256').update(sql).digest('hex'),
    transaction: !noTransaction.test(sql.split('\n', 1)[0] ?? ''),
    statements,
  }
}

/**
 * Reads the numbered SQL files of a folder, ascending by number. Numbers may have gaps; other files are ignored.
 * @throws `invalid-migrations` with all problems of all files together
 */
export function readMigrations(folder: string): readonly Migration[] {
  const names = listFolder(folder)
    .map((name) => basename(name))
    .sort()
  const problems = nameProblems(names)
  const migrations: Migration[] = []
  for (const name of names) {
    if (!fileName.test(name)) continue
    const read = readOne(folder, name)
    if ('who' in read) problems.push(read)
    else migrations.push(read)
  }
  if (problems.length > 0) throw problemsError('invalid-migrations', { folder }, problems)
  return migrations.sort((one, other) => one.number - other.number)
}
