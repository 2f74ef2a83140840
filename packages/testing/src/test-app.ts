import { createAmbient, seededSources } from '@banyan/ambient'
import { problemsError } from '@banyan/errors'
import { storeModules } from '@banyan/host'
import { type App, defineApp } from '@banyan/module'
import { createLogger, type Logger } from '@banyan/runtime'
import { cloneDatabase } from './database/clone.js'
import { joinServer } from './database/test-server.js'
import { optionProblems, type TestAppOptions } from './options.js'
import { RunningTest } from './running-test.js'
import type { TestApp } from './types.js'

/**
 * Starts an app for a test: real PostgreSQL, a database of its own, a clock that the test drives.
 * @throws `invalid-config` for options that cannot be, `invalid-app` and what starting the app throws
 */
export async function testApp<Names extends string>(
  app: App<Names>,
  options: TestAppOptions<Names> = {},
): Promise<TestApp<Names>> {
  const problems = optionProblems(app, options)
  if (problems.length > 0) throw problemsError('invalid-config', {}, problems)
  const { baseFolder = process.cwd(), databaseFolder = '.banyan/test' } = options
  const tested = replaced(app, options.replace ?? [])
  const url = options.databaseUrl ?? process.env.DATABASE_URL
  const server = await joinServer(databaseFolder, url)
  try {
    const clone = await cloneDatabase(server.connection, app.name, storeModules({ app: tested, folder: baseFolder }))
    const running = new RunningTest({
      app: tested,
      clone,
      server,
      seeded: seededSources(options.seed ?? 1),
      logger: options.logger ?? errorsOnly(),
      environment: options.environment ?? {},
      baseFolder,
      identity: options.as,
      listen: options.gateway === true,
      now: options.now === undefined ? Math.floor(createAmbient().now()) : Number(new Date(options.now)),
    })
    await running.start()
    return running as TestApp<Names>
  } catch (error) {
    server.release()
    throw error
  }
}

function replaced(app: App, replace: App['modules']): App {
  const byName = new Map(replace.map((module) => [module.name, module]))
  return defineApp({ name: app.name, modules: app.modules.map((module) => byName.get(module.name) ?? module) })
}

function errorsOnly(): Logger {
  return createLogger({ level: 'error', destination: { write: (line) => void process.stderr.write(line) } })
}
