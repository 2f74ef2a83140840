import { relative, resolve } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { loadConfig, loadEnvironmentFile, openDatabase } from '@banyan/host'
import { closeInOrder } from '@banyan/runtime'
import type { Command } from 'commander'
import { runAppProcess } from '../dev/app-process.js'
import { DevelopedApp } from '../dev/developed-app.js'
import type { Output } from '../output.js'
import { type CommonOptions, placeOf, runCommand, toolLogger } from '../session.js'
import { untilStopped } from '../signals.js'

interface DevOptions extends CommonOptions {
  readonly port?: string
}

const appCommand = 'dev-app'

export function addDev(program: Command): void {
  program
    .command('dev')
    .description('run the app in one process, and again at every change of its files')
    .option('--port <port>', 'port of the gateway')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<DevOptions>()
      return runCommand(options, (output) => develop(options, output))
    })
  program
    .command(appCommand, { hidden: true })
    .description('the app under `banyan dev`')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      return runCommand(options, (output) => runAppProcess(options, output))
    })
}

/** Owns the database, so that it stays up while the app comes and goes. */
async function develop(options: DevOptions, output: Output): Promise<number> {
  // The app reads `.env` by itself at each start, so that a change of the file counts; it would not over what it inherits.
  const inherited = { ...process.env }
  const place = placeOf(options)
  loadEnvironmentFile(place)
  const { config, folder, file } = await loadConfig(place)
  const logger = toolLogger()
  const database = await openDatabase({ folder, config, environment: process.env, logger })
  // Only here: no other command, and no process of the app, pays for loading them.
  const [{ watch }, { default: pretty }] = await Promise.all([import('chokidar'), import('pino-pretty')])
  const app = new DevelopedApp({
    command: [
      ...process.execArgv,
      '--enable-source-maps',
      process.argv[1] as string,
      appCommand,
      '--config',
      file,
      ...(options.json ? ['--json'] : []),
    ],
    environment: {
      ...inherited,
      ...database.environment,
      ...(options.port === undefined ? {} : { PORT: options.port }),
    },
    output,
    ambient: createAmbient(),
    log: pretty({
      colorize: process.stdout.isTTY,
      ignore: 'pid,hostname',
      translateTime: 'HH:MM:ss.l',
      destination: 1,
    }),
  })
  const watcher = watch(folder, {
    ignored: (path) => /(^|[/\\])(node_modules|dist|\.git|\.banyan)([/\\]|$)/.test(relative(folder, path)),
    ignoreInitial: true,
  })
  watcher.on('all', (_, path) => app.changed(relative(folder, resolve(path))))
  const stop = (): Promise<void> =>
    closeInOrder([() => watcher.close(), () => app.stop(), () => database.close()], (error) => output.failure(error))
  app.start()
  await untilStopped({ closed: database.closed, stop }, output)
  return 0
}
