import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadEnvironmentFile } from '@banyan/host'
import { afterEach, beforeEach, expect, test } from 'vitest'

const names = ['BANYAN_TEST_SET', 'BANYAN_TEST_FILE', 'BANYAN_TEST_QUOTED'] as const
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-env-'))
  writeFileSync(join(folder, 'banyan.config.ts'), "throw new Error('it is only looked for')")
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
  for (const name of names) delete process.env[name]
})

test('what is set already wins over the file', () => {
  process.env.BANYAN_TEST_SET = 'real'
  writeFileSync(
    join(folder, '.env'),
    'BANYAN_TEST_SET=file\n# nothing\nBANYAN_TEST_FILE=file\nBANYAN_TEST_QUOTED="a b"\n',
  )
  loadEnvironmentFile({ folder })
  expect(names.map((name) => process.env[name])).toEqual(['real', 'file', 'a b'])
})

test('without a file nothing happens; the file is the one beside the configuration that is named', () => {
  loadEnvironmentFile({ folder })
  mkdirSync(join(folder, 'deploy'))
  writeFileSync(join(folder, 'deploy', 'app.config.ts'), '')
  writeFileSync(join(folder, 'deploy', '.env'), 'BANYAN_TEST_FILE=deploy\n')
  loadEnvironmentFile({ folder, file: 'deploy/app.config.ts' })
  expect(process.env.BANYAN_TEST_FILE).toBe('deploy')
})

test('a file that cannot be read is told', () => {
  mkdirSync(join(folder, '.env'))
  const problem = { who: '.env', where: 'load', what: expect.stringContaining('cannot be read') }
  expect(() => loadEnvironmentFile({ folder })).toThrow(
    expect.objectContaining({ code: 'invalid-config', details: { problems: [expect.objectContaining(problem)] } }),
  )
})
