import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Whether it was done; `why` says what to do by hand. */
export interface Step {
  readonly done: boolean
  readonly why?: string
}

/** The package manager that `create` was started by; npm when it says nothing. */
export function packageManager(environment: NodeJS.ProcessEnv): 'npm' | 'pnpm' | 'yarn' | 'bun' {
  const agent = environment.npm_config_user_agent ?? ''
  return (['pnpm', 'yarn', 'bun'] as const).find((name) => agent.startsWith(`${name}/`)) ?? 'npm'
}

/** A repository with everything in its first commit; left alone where there is one around the folder already. */
export function initializeGit(folder: string): Step {
  const inside = spawnSync('git', ['rev-parse', '--is-inside-work-tree'], { cwd: folder, stdio: 'ignore' })
  if (inside.error) return { done: false, why: 'git is not installed' }
  if (inside.status === 0 && !existsSync(join(folder, '.git')))
    return { done: false, why: 'the folder is part of a git repository already' }
  for (const command of [
    ['init', '--quiet'],
    ['add', '.'],
    ['commit', '--quiet', '--message', 'Begin with Banyan'],
  ]) {
    const { status, stderr } = spawnSync('git', command, { cwd: folder, encoding: 'utf8' })
    if (status !== 0) return { done: false, why: `git ${command[0]}: ${stderr.trim().split('\n').at(-1) ?? ''}` }
  }
  return { done: true }
}

/** Runs the package manager with its own output. */
export function installDependencies(folder: string, manager: string): Step {
  const { status, error } = spawnSync(manager, ['install'], {
    cwd: folder,
    stdio: 'inherit',
    // On Windows package managers are scripts, which need a shell.
    shell: process.platform === 'win32',
  })
  if (status === 0) return { done: true }
  return { done: false, why: error ? error.message : `${manager} install ended with ${status}` }
}
