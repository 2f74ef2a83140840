import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repositoryRoot } from '../../support/files.js'
import type { TestCounts } from '../../vitest/reporter.js'
import { plantTree } from '../support/tree.js'

interface Run {
  readonly code: number
  readonly output: string
  readonly counts: TestCounts
}

/** Runs vitest with the reporter on one test file. It lies inside the repository, so that it finds vitest. */
function run(body: string, ...options: string[]): Promise<Run> {
  const text = `import { describe, expect, test } from 'vitest'\n${body}\n`
  const tree = plantTree(
    { 'a.test.ts': text, 'vitest.config.ts': 'export default {}\n' },
    join(repositoryRoot, '.cache'),
  )
  const countsPath = join(tree.root, 'counts.json')
  const vitest = join(repositoryRoot, 'node_modules', 'vitest', 'vitest.mjs')
  const reporter = join(repositoryRoot, 'tools', 'vitest', 'reporter.ts')
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [vitest, 'run', '--root', tree.root, '--reporter', reporter, ...options],
      { env: { ...process.env, BANYAN_TEST_COUNTS: countsPath } },
      (error, stdout, stderr) => {
        const output = stdout + stderr
        if (!existsSync(countsPath)) return reject(new Error(`vitest wrote no counts: ${output}`))
        const counts = JSON.parse(readFileSync(countsPath, 'utf8')) as TestCounts
        resolve({ code: error ? Number(error.code) : 0, output, counts })
      },
    )
  })
}

test('a skipped test without a reason fails the run', async () => {
  const { code, output, counts } = await run(`test('runs', () => {})\ntest.skip('silent', () => {})\ntest.todo('open')`)
  expect(output).toContain('skipped without a reason: a.test.ts > silent')
  expect(output).toContain('skipped without a reason: a.test.ts > open')
  expect(counts).toEqual({ passed: 1, failed: 2, skipped: 2 })
  expect(code).toBe(1)
})

test('skipped tests with a reason are listed with it, however it was given', async () => {
  const { code, output, counts } = await run(`
    test('runs', () => {})
    test.skip('by title [skipped: no broker]', () => {})
    describe.skip('group [skipped: no data]', () => { test('inside', () => {}) })
    test.skipIf(true)('a full disk (needs root)', () => {})
    test('in the test', (context) => context.skip('no server'))
  `)
  expect(output).toContain('skipped: a.test.ts > by title [skipped: no broker] (no broker)')
  expect(output).toContain('(no data)')
  expect(output).toContain('skipped: a.test.ts > a full disk (needs root) (needs root)')
  expect(output).toContain('skipped: a.test.ts > in the test (no server)')
  expect(counts).toEqual({ passed: 1, failed: 0, skipped: 4 })
  expect(code).toBe(0)
})

test('skipUnless runs what can run, and skips the rest under a title that says why', async () => {
  const helper = JSON.stringify(join(repositoryRoot, 'tools', 'vitest', 'skip-unless.ts'))
  const { code, output, counts } = await run(`
    import { skipUnless } from ${helper}
    skipUnless(true, 'never seen').test('runs', () => {})
    const { test: missing, describe: missingGroup } = skipUnless(false, 'no broker here')
    missing('is skipped', () => expect(1).toBe(2))
    missingGroup('group', () => { test('inside', () => expect(1).toBe(2)) })
  `)
  expect(output).toContain('is skipped [skipped: no broker here] (no broker here)')
  expect(counts).toEqual({ passed: 1, failed: 0, skipped: 2 })
  expect(code).toBe(0)
})

test('tests that a name pattern leaves out are not taken for skipped ones', async () => {
  const { code } = await run(`test('wanted', () => {})\ntest('other', () => {})`, '-t', 'wanted')
  expect(code).toBe(0)
})

test('failed tests, and errors outside of tests, are counted', async () => {
  const { code, counts } = await run(`test('fails', () => expect(1).toBe(2))\ntest('runs', () => {})`)
  expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 })
  expect(code).toBe(1)
  expect((await run(`throw new Error('broken file')`)).counts).toEqual({ passed: 0, failed: 1, skipped: 0 })
})
