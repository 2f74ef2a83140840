/**
 * Everything that must hold before a change is taken: what CI runs, and nothing else is. Runs every step even when one
 * fails, tells the time of each, sums up at the end.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isFile, repositoryRoot } from './support/files.js'
import { isMain } from './support/main.js'
import { countsVariable, type TestCounts } from './vitest/reporter.js'

export interface Step {
  readonly name: string
  /** As one would type it. */
  readonly command: readonly [string, ...string[]]
  /** Nothing hangs for ever: the step is ended, with all it started, and has failed. */
  readonly timeoutMinutes: number
  /** The step that runs the tests reports how many passed and failed. */
  readonly countsTests?: boolean
}

export interface StepResult {
  readonly name: string
  readonly passed: boolean
  readonly seconds: number
  readonly why: string
  /** What it needs is not there; it has said what. Counted neither as passed nor as failed. */
  readonly skipped?: boolean
  readonly tests?: TestCounts
}

export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly steps: readonly StepResult[]
}

const script = (name: string, timeoutMinutes: number): Step => ({
  name,
  command: ['npm', 'run', '--silent', name],
  timeoutMinutes,
})

/** In this order: the cheap ones first, then what needs the build. */
export const steps: readonly Step[] = [
  script('format:check', 5),
  script('lint', 5),
  script('words', 5),
  script('types', 10),
  script('layers', 5),
  script('docs', 5),
  script('errors', 5),
  script('packages', 10),
  script('pack-proof', 10),
  { name: 'tests', command: ['npm', 'test', '--silent'], timeoutMinutes: 40, countsTests: true },
  script('test:placements', 15),
]

const defaultCountsPath = join(repositoryRoot, '.cache', 'test-counts.json')
export const summaryPath = join(repositoryRoot, '.cache', 'verify.json')

interface Ending {
  readonly code: number | null
  readonly timedOut: boolean
}

function runCommand({ command: [program, ...args], timeoutMinutes }: Step, countsPath: string): Promise<Ending> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that ending the step ends what it started.
    const child = spawn(program, args, {
      cwd: repositoryRoot,
      stdio: 'inherit',
      detached: true,
      env: { ...process.env, [countsVariable]: countsPath },
    })
    let timedOut = false
    const end = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }
    const timer = setTimeout(() => {
      timedOut = true
      end()
    }, timeoutMinutes * 60_000)
    const interrupted = (): void => {
      end()
      process.exit(130)
    }
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
    const finish = (): void => {
      clearTimeout(timer)
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    }
    child.once('error', (error) => {
      finish()
      reject(error)
    })
    child.once('close', (code) => {
      finish()
      resolve({ code, timedOut })
    })
  })
}

/** How a step says that what it needs from outside, such as a registry, cannot be reached; the number that automake uses. */
export const skippedCode = 77

const readCounts = (path: string): TestCounts | undefined =>
  isFile(path) ? (JSON.parse(readFileSync(path, 'utf8')) as TestCounts) : undefined

export async function runStep(step: Step, countsPath = defaultCountsPath): Promise<StepResult> {
  rmSync(countsPath, { force: true })
  const start = performance.now()
  const { code, timedOut } = await runCommand(step, countsPath)
  const seconds = (performance.now() - start) / 1000
  if (code === skippedCode && !timedOut)
    return { name: step.name, passed: true, skipped: true, seconds, why: 'SKIPPED: its output says why' }
  const result = { name: step.name, passed: code === 0 && !timedOut, seconds }
  const why = timedOut ? `ended after ${step.timeoutMinutes} minutes` : code === 0 ? '' : `exit code ${code}`
  if (!step.countsTests) return { ...result, why }
  const tests = readCounts(countsPath)
  if (tests === undefined || tests.passed === 0) return { ...result, passed: false, why: why || 'no test ran' }
  return { ...result, why, tests }
}

/** Tests count one by one; a step without tests counts as one. A test step that broke otherwise has a failure too. */
export function summarize(results: readonly StepResult[]): Summary {
  let passed = 0
  let failed = 0
  for (const { tests, passed: ok, skipped } of results) {
    if (skipped) continue
    passed += tests ? tests.passed : Number(ok)
    failed += tests ? Math.max(tests.failed, Number(!ok)) : Number(!ok)
  }
  return { passed, failed, steps: results }
}

const line = ({ name, passed, skipped, seconds, why, tests }: StepResult): string => {
  const counts = tests ? `${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped` : ''
  const details = [counts, why].filter(Boolean).join('; ')
  return `${skipped ? 'skip  ' : passed ? 'ok    ' : 'FAILED'} ${name.padEnd(14)} ${seconds.toFixed(1).padStart(7)} s  ${details}`.trimEnd()
}

async function main(): Promise<void> {
  rmSync(summaryPath, { force: true })
  const results: StepResult[] = []
  for (const step of steps) {
    console.log(`\n── ${step.name}: ${step.command.join(' ')}`)
    const result = await runStep(step)
    console.log(line(result))
    results.push(result)
  }
  const summary = summarize(results)
  console.log(`\n── summary\n${results.map(line).join('\n')}`)
  mkdirSync(dirname(summaryPath), { recursive: true })
  writeFileSync(summaryPath, `${JSON.stringify(summary, undefined, 2)}\n`)
  if (summary.failed > 0) process.exitCode = 1
}

if (isMain(import.meta.url)) await main()
