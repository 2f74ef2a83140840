import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node'

export interface TestCounts {
  readonly passed: number
  /** Failed tests, files that could not be loaded, errors outside any test, and skips without a reason. */
  readonly failed: number
  readonly skipped: number
}

interface Skipped {
  readonly title: string
  readonly file: string
  /** Undefined when nobody said why. */
  readonly reason: string | undefined
}

/** Where the counts are written as JSON, for whoever sums them up. */
export const countsVariable = 'BANYAN_TEST_COUNTS'

/** No silent skips: lists every skipped test with its reason at the end, and fails where there is none. */
export default class SkipReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const inState = (state: string): typeof tests => tests.filter((test) => test.result().state === state)
    const skipped = inState('skipped').map((test): Skipped => {
      const result = test.result()
      const note = result.state === 'skipped' ? result.note : undefined
      const named = /\[skipped: ([^\]]+)\]|\((needs [^)]+)\)/.exec(test.fullName)
      const reason = named?.[1] ?? named?.[2] ?? note
      return { title: test.fullName, file: test.module.relativeModuleId, reason: reason?.trim() || undefined }
    })
    // A name pattern on the command line skips all others, on purpose.
    const isFiltered = this.#vitest?.getGlobalTestNamePattern() !== undefined
    const unnamed = isFiltered ? [] : skipped.filter((test) => test.reason === undefined)
    if (!isFiltered) printSkipped(skipped)
    if (unnamed.length > 0) process.exitCode = 1
    const broken = modules.reduce((sum, module) => sum + module.errors().length, 0)
    writeCounts({
      passed: inState('passed').length,
      failed: inState('failed').length + broken + errors.length + unnamed.length,
      skipped: skipped.length,
    })
  }
}

function printSkipped(skipped: readonly Skipped[]): void {
  for (const { title, file, reason } of skipped) {
    if (reason !== undefined) console.log(`skipped: ${file} > ${title} (${reason})`)
  }
  for (const { title, file, reason } of skipped) {
    if (reason !== undefined) continue
    console.error(`skipped without a reason: ${file} > ${title}`)
    console.error(
      '    Say why: skipUnless(condition, reason), a title with [skipped: reason] or (needs …), or context.skip(reason).',
    )
  }
}

function writeCounts(counts: TestCounts): void {
  const path = process.env[countsVariable]
  if (path === undefined || path === '') return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(counts)}\n`)
}
