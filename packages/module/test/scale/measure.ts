import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildInfoFile, generateApp, type Scale } from './generate.js'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')

export interface ScaleReport {
  /** What the compiler said; empty when everything fits. */
  readonly errors: string
  /** Checking the modules and the app on built contracts. */
  readonly checkSeconds: number
  readonly checkMegabytes: number
  /** Size of the declaration of the app. */
  readonly appDeclarationBytes: number
  readonly contractDeclarationBytes: number
}

function compile(folder: string, options: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const settings = { encoding: 'utf8', cwd: folder, maxBuffer: 1 << 26 } as const
    execFile(process.execPath, [tsc, ...options, '--pretty', 'false'], settings, (_, stdout) => resolve(stdout))
  })
}

/** Generates an app in an empty folder and builds its contracts. Gives what the compiler said. */
async function prepare(folder: string, scale: Scale): Promise<string> {
  await generateApp(folder, scale, join(root, 'node_modules'))
  return compile(folder, ['-p', 'src/contracts'])
}

/** Measures how the modules of a prepared app are checked on its built contracts. */
async function check(folder: string): Promise<ScaleReport> {
  const output = await compile(folder, ['-p', '.', '--extendedDiagnostics'])
  // What this check left would make another one skip its work.
  await rm(join(folder, buildInfoFile))
  const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(output)?.[1])
  const size = async (file: string): Promise<number> => (await readFile(join(folder, 'dist', file))).byteLength
  return {
    errors: (output.match(/^.*error TS.*$/gm) ?? []).join('\n'),
    checkSeconds: figure('Total time'),
    checkMegabytes: Math.round(figure('Memory used') / 1024),
    appDeclarationBytes: await size('app.d.ts'),
    contractDeclarationBytes: await size('contracts/m000.d.ts'),
  }
}

/** Generates an app, builds its contracts, and measures how its modules are checked on them. */
export async function measureScale(scale: Scale): Promise<ScaleReport> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-scale-'))
  try {
    const contractErrors = await prepare(folder, scale)
    const report = await check(folder)
    return { ...report, errors: contractErrors + report.errors }
  } finally {
    await rm(folder, { recursive: true })
  }
}

// As a program, for `npm run bench -- types`: `prepare FOLDER` makes what the platform promises to be quick with, 200
// modules with 20 operations each; `check FOLDER` prints one report.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [step, folder] = process.argv.slice(2)
  if (folder === undefined || (step !== 'prepare' && step !== 'check'))
    throw new Error('prepare FOLDER, or check FOLDER')
  if (step === 'check') console.log(JSON.stringify(await check(folder)))
  else {
    const errors = await prepare(folder, { modules: 200, operations: 20 })
    if (errors !== '') throw new Error(errors)
  }
}
