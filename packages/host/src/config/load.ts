import { existsSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Problem, problemsError } from '@banyan/errors'
import type { App } from '@banyan/module'
import { checkConfig } from './check.js'
import type { Config } from './define.js'

/** A configuration with its app, loaded and checked. */
export interface LoadedApp {
  readonly config: Config
  readonly app: App
  /** Folder that relative paths of the configuration begin at. */
  readonly folder: string
  /** Absolute path of the configuration file. */
  readonly file: string
}

const names = ['banyan.config.ts', 'banyan.config.mts', 'banyan.config.js', 'banyan.config.mjs']

/**
 * Loads the configuration, from `file` or found in `folder`, and the app that it names.
 * @throws `invalid-config` with all problems together
 */
export async function loadApp(options: { readonly folder: string; readonly file?: string }): Promise<LoadedApp> {
  const file = findConfig(options)
  const shown = relative(options.folder, file) || file
  const config = (await importDefault(file, shown)) as Config
  const problems = checkConfig(shown, config)
  if (problems.length > 0) throw problemsError('invalid-config', {}, problems)
  const folder = dirname(file)
  const appFile = isAbsolute(config.app) ? config.app : resolve(folder, config.app)
  if (!existsSync(appFile))
    fail({
      who: shown,
      where: 'app',
      what: `there is no file ${relative(folder, appFile)}`,
      remedy: 'name the file that exports the app',
    })
  return { config, app: await importApp(appFile, relative(folder, appFile)), folder, file }
}

function findConfig(options: { readonly folder: string; readonly file?: string }): string {
  if (options.file !== undefined) {
    const file = resolve(options.folder, options.file)
    if (existsSync(file)) return file
    return fail({
      who: options.file,
      where: 'file',
      what: 'does not exist',
      remedy: 'check the path given with --config',
    })
  }
  for (const name of names) {
    const file = resolve(options.folder, name)
    if (existsSync(file)) return file
  }
  return fail({
    who: options.folder,
    where: 'banyan.config.ts',
    what: 'there is no configuration here',
    allowed: names.join(', '),
    remedy: 'go to the folder of the app, name the file with --config, or begin a project with npm create banyan',
  })
}

async function importDefault(file: string, shown: string): Promise<unknown> {
  const loaded = await importModule(file, shown)
  return loaded.default
}

async function importApp(file: string, shown: string): Promise<App> {
  const loaded = await importModule(file, shown)
  const apps = [...new Set(Object.values(loaded).filter(isApp))]
  if (apps.length === 1) return apps[0] as App
  return fail({
    who: shown,
    where: 'exports',
    what: apps.length === 0 ? 'exports no app' : `exports ${apps.length} apps`,
    allowed: 'one app, made by defineApp',
    remedy: 'export exactly one app',
  })
}

async function importModule(file: string, shown: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    // What the app itself found wrong (invalid-contract and the like) says more than that loading failed.
    if (typeof error === 'object' && error !== null && 'code' in error && String(error.code).startsWith('invalid-'))
      throw error
    const { message } = error as Error
    const loader = file.endsWith('ts') && /Unknown file extension/.test(message)
    return fail({
      who: shown,
      where: 'load',
      what: message,
      remedy: loader
        ? 'start Node with --import @oxc-node/core/register, or use the banyan command'
        : 'correct the file; the message comes from Node',
    })
  }
}

function isApp(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'app'
}

function fail(problem: Problem): never {
  throw problemsError('invalid-config', {}, [problem])
}
