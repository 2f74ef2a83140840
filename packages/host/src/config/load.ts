import { existsSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Problem, problemsError } from '@banyan/errors'
import type { App } from '@banyan/module'
import { checkConfig } from './check.js'
import type { Config } from './define.js'

/** A configuration, loaded and checked, without its app. */
export interface LoadedConfig {
  readonly config: Config
  /** Absolute path of the file that exports the app. */
  readonly appFile: string
  /** Folder that relative paths of the configuration begin at. */
  readonly folder: string
  /** Absolute path of the configuration file. */
  readonly file: string
}

/** A configuration with its app, loaded and checked. */
export interface LoadedApp extends Omit<LoadedConfig, 'appFile'> {
  readonly app: App
}

const names = ['banyan.config.ts', 'banyan.config.mts', 'banyan.config.js', 'banyan.config.mjs']

/** Where a configuration is looked for. */
export interface ConfigPlace {
  readonly folder: string
  /** Relative to the folder. Default: `banyan.config.ts` in it, or `.mts`, `.js`, `.mjs`. */
  readonly file?: string
}

/**
 * Loads the configuration, from `file` or found in `folder`, and leaves the app that it names alone.
 * @throws `invalid-config` with all problems together
 */
export async function loadConfig(place: ConfigPlace): Promise<LoadedConfig> {
  const file = findConfig(place)
  const shown = relative(place.folder, file) || file
  const config = (await importDefault(file, shown)) as Config
  const problems = checkConfig(shown, config)
  if (problems.length > 0) throw problemsError('invalid-config', {}, problems)
  const folder = dirname(file)
  const appFile = resolve(folder, config.app)
  if (existsSync(appFile)) return { config, appFile, folder, file }
  const built = builtApp(file, appFile)
  if (built !== undefined) return { config, appFile: built, folder: packageFolder(folder), file }
  return fail({
    who: shown,
    where: 'app',
    what: `there is no file ${relative(folder, appFile)}`,
    remedy: 'name the file that exports the app',
  })
}

/**
 * Loads the configuration, from `file` or found in `folder`, and the app that it names.
 * @throws `invalid-config` with all problems together
 */
export async function loadApp(place: ConfigPlace): Promise<LoadedApp> {
  const { appFile, ...loaded } = await loadConfig(place)
  return { ...loaded, app: await importApp(appFile, relative(loaded.folder, appFile)) }
}

/** A compiled configuration still names the TypeScript file; the app was compiled beside it. */
function builtApp(configFile: string, appFile: string): string | undefined {
  if (!/\.m?js$/.test(configFile) || !/\.m?ts$/.test(appFile)) return undefined
  const built = appFile.replace(/ts$/, 'js')
  return existsSync(built) ? built : undefined
}

/** What a compiler leaves where it is, such as migrations, lies where the source of the configuration lay. */
function packageFolder(from: string): string {
  for (let folder = from; dirname(folder) !== folder; folder = dirname(folder))
    if (existsSync(resolve(folder, 'package.json'))) return folder
  return from
}

/** Absolute path of the configuration file. @throws `invalid-config` when there is none */
export function findConfig(options: ConfigPlace): string {
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
