import { spawnSync } from 'node:child_process'

/** The environment of somebody else: nothing of the npm and the test runner that this runs under. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const own =
    /^(npm_(?!config_(registry|cache|userconfig|globalconfig|offline|prefer_offline)$)|VITEST|NODE_OPTIONS|DATABASE_URL|BANYAN_|PORT$|HOST$|INIT_CWD)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)))
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const timeoutMs = 300_000

/** Runs a program to its end; tells what came out. */
export function attempt(folder: string, program: string, options: readonly string[]): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, [...options], {
    cwd: folder,
    env: cleanEnvironment(),
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  })
  if (error) throw error
  return { status, stdout, stderr }
}

/** Runs a program that must succeed. */
export function run(folder: string, program: string, options: readonly string[]): string {
  const { status, stdout, stderr } = attempt(folder, program, options)
  if (status !== 0)
    throw new Error(`${[program, ...options].join(' ')} in ${folder} ended with ${status}\n${stdout}\n${stderr}`)
  return stdout
}
