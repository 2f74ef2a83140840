import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runStep, type Step, type StepResult, skippedCode, summarize } from '../verify.js'
import { plantTree } from './support/tree.js'

const step = (script: string, more: Partial<Step> = {}): Step => ({
  name: 'step',
  command: [process.execPath, '-e', script],
  timeoutMinutes: 1,
  ...more,
})

/** Counts of a run inside a test must not be taken for those of the run around it. */
const run = (each: Step): Promise<StepResult> => runStep(each, join(plantTree({}).root, 'counts.json'))

const write = (counts: string): string =>
  `const fs = require('fs'), path = process.env.BANYAN_TEST_COUNTS
   fs.mkdirSync(require('path').dirname(path), { recursive: true }); fs.writeFileSync(path, '${counts}')`

describe('a step', () => {
  test('passes and fails with its exit code', async () => {
    expect(await run(step(''))).toMatchObject({ passed: true, why: '' })
    expect(await run(step('process.exitCode = 3'))).toMatchObject({ passed: false, why: 'exit code 3' })
  })

  test('that cannot do its work here is skipped, visibly, and counts for nothing', async () => {
    const result = await run(step(`process.exitCode = ${skippedCode}`))
    expect(result).toMatchObject({ skipped: true, why: 'SKIPPED: its output says why' })
    expect(summarize([result])).toMatchObject({ passed: 0, failed: 0 })
  })

  test('that hangs is ended, with what it started', async () => {
    const hang = `require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })`
    const result = await run(step(hang, { timeoutMinutes: 0.01 }))
    expect(result).toMatchObject({ passed: false, why: 'ended after 0.01 minutes' })
  })

  test('that cannot be started is an error', async () => {
    await expect(run({ name: 'gone', command: ['no-such-program'], timeoutMinutes: 1 })).rejects.toThrow('ENOENT')
  })

  test('of tests tells their counts, and fails when no test ran', async () => {
    const counted = await run(step(write('{"passed":3,"failed":0,"skipped":1}'), { countsTests: true }))
    expect(counted).toMatchObject({ passed: true, tests: { passed: 3, failed: 0, skipped: 1 } })
    expect(await run(step('', { countsTests: true }))).toMatchObject({ passed: false, why: 'no test ran' })
  })
})

describe('the summary', () => {
  const result = (passed: boolean, more: Partial<StepResult> = {}): StepResult => ({
    name: 'step',
    passed,
    seconds: 1,
    why: '',
    ...more,
  })

  test('adds tests one by one and every other step as one', () => {
    const tests = { passed: 40, failed: 2, skipped: 1 }
    const results = [result(true), result(false), result(false, { tests })]
    expect(summarize(results)).toMatchObject({ passed: 41, failed: 3 })
  })

  test('counts a test step that broke without a failed test as failed', () => {
    expect(summarize([result(false, { tests: { passed: 5, failed: 0, skipped: 0 } })])).toMatchObject({
      passed: 5,
      failed: 1,
    })
    expect(summarize([result(false)])).toMatchObject({ passed: 0, failed: 1 })
  })
})
