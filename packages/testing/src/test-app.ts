import { createAmbient } from '@banyan/ambient'
import { problemsError } from '@banyan/errors'
import { storeModules } from '@banyan/host'
import { type App, defineApp } from '@banyan/module'
import { createLogger, type Logger } from '@banyan/runtime'
import type { ConnectionOptions } from '@banyan/store-postgres'
import { cloneDatabase } from './database/clone.js'
import { joinServer } from './database/test-server.js'
import { endAfter, endAll } from './ending.js'
import { optionProblems, placementOf, type TestAppOptions, type TestPlacement } from './options.js'
import { RunningTest } from './running-test.js'
import { deployDistributed } from './services/deploy-distributed.js'
import { type AppSetting, deployLocal } from './services/deploy-local.js'
import { deployWire } from './services/deploy-wire.js'
import type { Deployment } from './services/deployment.js'
import { openWire } from './services/open-wire.js'
import type { SharedByServices } from './services/shared.js'
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
  const released = new Releases()
  try {
    const server = await joinServer(databaseFolder, url)
    released.add(() => server.release())
    const clone = await cloneDatabase(server.connection, app.name, storeModules({ app: tested, folder: baseFolder }))
    released.add(() => clone.drop())
    const setting = {
      app: tested,
      database: clone,
      seed: options.seed ?? 1,
      logger: options.logger ?? errorsOnly(),
      environment: options.environment ?? {},
      baseFolder,
      identity: options.as,
      listen: options.gateway === true,
    }
    const running = new RunningTest({
      app: tested,
      identity: options.as,
      now: options.now === undefined ? Math.floor(createAmbient().now()) : Number(new Date(options.now)),
      deploy: await deploymentFor(placementOf(options), { app, options, setting, released, server: server.connection }),
      release: () => released.all(),
    })
    await running.start()
    return running as TestApp<Names>
  } catch (error) {
    return await endAfter(error, () => released.all())
  }
}

interface Deploying {
  /** Without stand-ins. */
  readonly app: App
  readonly options: TestAppOptions
  readonly setting: AppSetting
  readonly released: Releases
  readonly server: ConnectionOptions
}

async function deploymentFor(
  placement: TestPlacement,
  { app, options, setting, released, server }: Deploying,
): Promise<(shared: SharedByServices) => Deployment> {
  if (placement === 'local') return (shared) => deployLocal(setting, shared)
  const { brokerFolder = '.banyan/test-broker', brokerUrl = process.env.NATS_URL } = options
  const wire = await openWire(setting, { folder: brokerFolder, url: brokerUrl, database: server })
  released.add(() => wire.close())
  const wired = { ...setting, wire, repeat: options.repeat ?? true }
  if (placement === 'wire') return (shared) => deployWire(wired, shared)
  const stayed = (options.replace ?? []).map(({ name }) => name)
  const distributed = { ...wired, original: app, stayed, appFile: options.appFile }
  return (shared) => deployDistributed(distributed, shared)
}

/** What a test has to give back, last taken first; each once, also when one of them fails. */
class Releases {
  #all: (() => unknown)[] = []

  add(release: () => unknown): void {
    this.#all.unshift(release)
  }

  async all(): Promise<void> {
    const all = this.#all
    this.#all = []
    await endAll(all)
  }
}

function replaced(app: App, replace: App['modules']): App {
  const byName = new Map(replace.map((module) => [module.name, module]))
  return defineApp({ name: app.name, modules: app.modules.map((module) => byName.get(module.name) ?? module) })
}

function errorsOnly(): Logger {
  return createLogger({ level: 'error', destination: { write: (line) => void process.stderr.write(line) } })
}
