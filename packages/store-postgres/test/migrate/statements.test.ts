import { describe, expect, it } from 'vitest'
import { offsetOfPosition, placeOf, splitStatements } from '../../src/migrate/statements.js'

const texts = (sql: string): string[] => splitStatements(sql).map((statement) => statement.text)

describe('splitting a SQL file', () => {
  it('ends statements at semicolons and leaves out comments between them', () => {
    expect(texts('select 1; -- one;\n/* two; /* nested; */ ; */ select 2;;\n;')).toEqual(['select 1', 'select 2'])
  })

  it('keeps semicolons inside strings, names, dollar quotes and parentheses', () => {
    const one = String.raw`select 'a;''b', E'it\'s;', "c;""d", $$e;$$, $x$f;$$;$x$, U&'g;'`
    const two = 'create rule r as on insert to t do also (insert into a values (1); insert into b values (2))'
    expect(texts(`${one};\n${two};`)).toEqual([one, two])
  })

  it('does not take $ in a name or a parameter for a dollar quote', () => {
    expect(texts('select a$b$c; select $1; select 1$$;$$')).toEqual(['select a$b$c', 'select $1', 'select 1$$;$$'])
  })

  it('keeps the body of a function in standard SQL together, case … end included', () => {
    const body = `create or replace function f(x int) returns int begin atomic
      select case when x > 0 then 1 else 2 end; select 2; end`
    expect(texts(`${body}; select 1`)).toEqual([body, 'select 1'])
  })

  it('gives what is unterminated as one statement for PostgreSQL to refuse', () => {
    expect(texts("select 'a; select 2")).toEqual(["select 'a; select 2"])
    expect(texts('select $$a; select 2')).toEqual(['select $$a; select 2'])
    expect(texts('select 1; /* never closed')).toEqual(['select 1'])
  })

  it('tells where a statement begins, by line and column in characters', () => {
    const sql = "-- é\nselect '😀😀' from\n  nowhere;"
    const [statement] = splitStatements(sql)
    expect(statement?.offset).toBe(5)
    const position = [..."select '😀😀' from\n  "].length + 1
    const offset = (statement?.offset ?? 0) + offsetOfPosition(statement?.text ?? '', position)
    expect(sql.slice(offset)).toBe('nowhere;')
    expect(placeOf(sql, offset)).toEqual({ line: 3, column: 3 })
  })
})
