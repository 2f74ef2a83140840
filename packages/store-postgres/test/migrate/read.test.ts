import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isBanyanError } from '@banyan/errors'
import { afterEach, describe, expect, it } from 'vitest'
import { readMigrations } from '../../src/migrate/read.js'
import { writeMigrations } from './cluster.js'

let remove: () => void = () => undefined
afterEach(() => remove())

function folderOf(files: Record<string, string | Buffer>): string {
  const made = writeMigrations((folder) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  })
  remove = made.remove
  return made.folder
}

function problemsOf(folder: string): { who: string; where: string }[] {
  try {
    readMigrations(folder)
  } catch (error) {
    if (isBanyanError(error, 'invalid-migrations')) return (error.details as { problems: [] }).problems
    throw error
  }
  throw new Error('nothing was refused')
}

describe('reading a migrations folder', () => {
  it('sorts by number, allows gaps, ignores other files and folders', () => {
    const folder = folderOf({
      '0010_b.sql': 'select 1',
      '2_a.sql': 'select 1',
      'README.md': 'x',
      '0011_c.sql': 'select 1',
    })
    mkdirSync(join(folder, 'notes'))
    expect(readMigrations(folder).map(({ number, name, file }) => [number, name, file])).toEqual([
      [2, 'a', '2_a.sql'],
      [10, 'b', '0010_b.sql'],
      [11, 'c', '0011_c.sql'],
    ])
  })

  it('gives the same checksum whatever the line endings, and another for another text', () => {
    const sql = [
      'select 1;\nselect 2;\n',
      'select 1;\r\nselect 2;\r\n',
      '\uFEFFselect 1;\nselect 2;\n',
      'select 1; select 2;',
    ]
    const sums = sql.map((text) => {
      const folder = folderOf({ '1_a.sql': text })
      const sum = readMigrations(folder)[0]?.checksum
      remove()
      return sum
    })
    expect(sums[1]).toBe(sums[0])
    expect(sums[2]).toBe(sums[0])
    expect(sums[3]).not.toBe(sums[0])
    expect(sums[0]).toMatch(/^[0-9a-f]{64}$/)
  })

  it('knows the files that run outside a transaction', () => {
    const folder = folderOf({
      '1_a.sql': '-- banyan: no transaction\nselect 1',
      '2_b.sql': '-- other\n-- banyan: no transaction\nselect 1',
    })
    expect(readMigrations(folder).map(({ transaction }) => transaction)).toEqual([false, true])
  })

  it('tells all problems together', () => {
    const folder = folderOf({
      '1_a.sql': 'select 1',
      '01_twin.sql': 'select 1',
      '0000_zero.sql': 'select 1',
      'create.sql': 'select 1',
      '3_empty.sql': '-- nothing\n',
      '4_latin.sql': Buffer.from([0x2d, 0x2d, 0xe9, 0x0a]),
      '5_own.sql': 'create table a (); COMMIT; begin',
    })
    expect(
      problemsOf(folder)
        .map(({ who, where }) => `${who} ${where}`)
        .sort(),
    ).toEqual([
      '0000_zero.sql name',
      '1_a.sql number',
      '3_empty.sql text',
      '4_latin.sql text',
      '5_own.sql text',
      'create.sql name',
    ])
  })

  it('says so when the folder is not there', () => {
    expect(problemsOf('/nowhere/at/all')).toMatchObject([{ where: 'folder', what: 'The folder does not exist' }])
  })

  it('allows savepoints, and functions whose body begins atomic', () => {
    const sql = 'savepoint a; rollback to a; create function f() returns int begin atomic select 1; end;'
    expect(readMigrations(folderOf({ '1_a.sql': sql }))).toHaveLength(1)
  })
})
