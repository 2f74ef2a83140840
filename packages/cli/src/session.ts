import { createAmbient } from '@banyan/ambient'
import { isBanyanError } from '@banyan/errors'
import { type ConfigPlace, type LoadedApp, loadApp, loadEnvironmentFile, type RunningApp, startApp } from '@banyan/host'
import { createLogger, type Logger } from '@banyan/runtime'
import { createOutput, exitCodes, type Output } from './output.js'

/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string
  readonly json?: boolean
}

/** Runs a command: its output, its errors as text or JSON, its exit code. */
export async function runCommand(
  options: CommonOptions,
  action: (output: Output) => Promise<number | undefined>,
): Promise<void> {
  const output = createOutput(options.json === true)
  try {
    process.exitCode = (await action(output)) ?? exitCodes.done
  } catch (error) {
    output.failure(error)
    process.exitCode = isBanyanError(error, 'unknown-command') ? exitCodes.usage : exitCodes.failed
  }
}

/** Where the command line says that the configuration is. */
export function placeOf({ config }: CommonOptions): ConfigPlace {
  return { folder: process.cwd(), ...(config === undefined ? {} : { file: config }) }
}

/** Before anything is loaded: the configuration and the app may look at the environment too. */
export function load(options: CommonOptions): Promise<LoadedApp> {
  const place = placeOf(options)
  loadEnvironmentFile(place)
  return loadApp(place)
}

/** The log of a command that ends by itself: warnings, apart from its result, which may be piped on. */
export function toolLogger(): Logger {
  return createLogger({ level: 'warn', destination: { write: (line) => void process.stderr.write(line) } })
}

/** Runs an action against the app without its gateway and background work, and stops the app whatever happens. */
export async function withApp<T>(
  options: CommonOptions,
  action: (running: RunningApp, loaded: LoadedApp) => Promise<T>,
): Promise<T> {
  const loaded = await load(options)
  const running = await startApp({
    loaded,
    environment: process.env,
    gateway: false,
    guest: true,
    work: 'calls',
    ambient: createAmbient(),
    logger: toolLogger(),
  })
  try {
    return await action(running, loaded)
  } finally {
    await running.stop()
  }
}
