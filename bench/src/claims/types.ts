import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatNumber } from '../harness/format.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import { verdict } from '../harness/targets.js'
import type { Measurement } from '../harness/types.js'

const maximumSeconds = 6
const maximumMegabytes = 1_200
const maximumDeclarationBytes = 20_000

/** One check of the generated app; the program stands beside the test that holds the sizes. */
interface Report {
  readonly errors: string
  readonly checkSeconds: number
  readonly checkMegabytes: number
  readonly appDeclarationBytes: number
}

async function scale(step: 'prepare' | 'check', folder: string): Promise<string> {
  const program = fileURLToPath(new URL('../../../packages/module/test/scale/measure.ts', import.meta.url))
  const args = ['--import', '@oxc-node/core/register', program, step, folder]
  return (await promisify(execFile)(process.execPath, args)).stdout
}

async function check(folder: string): Promise<Report> {
  const report = JSON.parse(await scale('check', folder)) as Report
  if (report.errors !== '') throw new Error(report.errors)
  return report
}

async function measureTypes(run: Run, folder: string): Promise<void> {
  const megabytes: number[] = []
  let declarationBytes = 0
  const measure = async (): Promise<Measurement> => {
    const report = await check(folder)
    megabytes.push(report.checkMegabytes)
    declarationBytes = report.appDeclarationBytes
    return { value: report.checkSeconds, details: { MB: report.checkMegabytes } }
  }
  await run.compare({
    title: 'tsc on 200 modules with 20 operations each, contracts built',
    unit: 's',
    better: 'lower',
    alternatives: [{ name: 'Banyan', role: 'ours', measure }],
    warmUps: 1,
    targets: [{ kind: 'at-most', value: maximumSeconds }],
  })
  run.print('')
  observeSize(run, 'memory of the compiler, at most', 'MB', Math.max(...megabytes), maximumMegabytes)
  observeSize(run, 'declaration of the app', 'bytes', declarationBytes, maximumDeclarationBytes)
}

function observeSize(run: Run, what: string, unit: string, size: number, maximum: number): void {
  const value = `${formatNumber(size)} ${unit}`
  const missedBy = `${formatNumber(size - maximum)} ${unit}`
  run.observe({
    what,
    value,
    verdict: verdict(`≤ ${formatNumber(maximum)} ${unit}`, size <= maximum, value, missedBy),
  })
}

async function open(): Promise<OpenClaim> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-types-'))
  const close = (): Promise<void> => rm(folder, { recursive: true })
  try {
    await scale('prepare', folder)
  } catch (error) {
    await close()
    throw error
  }
  return { measure: (run) => measureTypes(run, folder), close }
}

await runClaim(
  {
    name: 'types',
    says: 'an app of 200 modules with 20 operations each is type-checked in at most 6 s and 1.2 GB',
    packages: ['typescript', 'zod'],
    notes: [
      'Generated modules: each uses three others and listens to two, with inferred handlers. The time is what the compiler',
      'says of itself: parsing, checking, writing declarations and JavaScript, from nothing; contracts are built before.',
    ],
  },
  open,
)
