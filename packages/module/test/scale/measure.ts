import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateApp, type Scale } from './generate.js'

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

/** Generates an app, builds its contracts, and measures how its modules are checked on them. */
export async function measureScale(scale: Scale): Promise<ScaleReport> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-scale-'))
  try {
    await generateApp(folder, scale, join(root, 'node_modules'))
    const contractErrors = await compile(folder, ['-p', 'src/contracts'])
    const output = await compile(folder, ['-p', '.', '--extendedDiagnostics'])
    const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(output)?.[1])
    const size = async (file: string): Promise<number> => (await readFile(join(folder, 'dist', file))).byteLength
    return {
      errors: contractErrors + (output.match(/^.*error TS.*$/gm) ?? []).join('\n'),
      checkSeconds: figure('Total time'),
      checkMegabytes: Math.round(figure('Memory used') / 1024),
      appDeclarationBytes: await size('app.d.ts'),
      contractDeclarationBytes: await size('contracts/m000.d.ts'),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

// As a program: measures what the platform promises, 200 modules with 20 operations each.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(await measureScale({ modules: 200, operations: 20 }), null, 2))
}
