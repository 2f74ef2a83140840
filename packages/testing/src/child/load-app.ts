import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Problem, problemsError } from '@banyan/errors'
import { loadApp } from '@banyan/host'
import type { App } from '@banyan/module'
import type { AppPlace } from './messages.js'

/**
 * Loads the app of a test from its file: the one that the test names, else the one of the configuration.
 * @throws `invalid-config` that says what is not there
 */
export async function loadTestedApp({ app: name, folder, file }: AppPlace): Promise<App> {
  if (file === undefined) return ofName(name, [(await loadApp({ folder })).app], 'the app of banyan.config.ts')
  const path = resolve(folder, file)
  if (!existsSync(path))
    throw refused(name, { what: `there is no file ${path}`, remedy: 'Name the file that exports the app.' })
  const loaded = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  return ofName(name, Object.values(loaded).filter(isApp), file)
}

function ofName(name: string, apps: readonly App[], where: string): App {
  const found = apps.find((app) => app.name === name)
  if (found) return found
  const names = [...new Set(apps.map((app) => app.name))]
  throw refused(name, {
    what: `${where} is not the app under test`,
    ...(names.length > 0 ? { allowed: names.join(', ') } : {}),
    remedy: 'Processes of their own load the app from a file: name that file by appFile, and export the app from it.',
  })
}

function refused(name: string, problem: Pick<Problem, 'what' | 'allowed' | 'remedy'>): Error {
  return problemsError('invalid-config', {}, [{ who: `test of ${name}`, where: 'appFile', ...problem }])
}

function isApp(value: unknown): value is App {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'app'
}
