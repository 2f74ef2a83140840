import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAmbient } from '@banyan/ambient'
import { openDatabase } from '@banyan/host'
import { createLogger } from '@banyan/runtime'
import { watch } from 'chokidar'
import type { Command } from 'commander'
import pretty from 'pino-pretty'
import type { Output } from '../output.js'
import { type CommonOptions, load, runCommand } from '../session.js'

export function addDev(program: Command): void {
  program
    .command('dev')
    .description('run the app in one process, and again at every change of its files')
    .option('--port <port>', 'port of the gateway')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { port?: string }>()
      return runCommand(options, (output) => develop(options, output))
    })
}

/**
 * Owns the database, so that it stays up while the app comes and goes: a reload is the start of one Node process.
 * A change while a reload is under way makes one more; changes never pile up.
 */
async function develop(options: CommonOptions & { port?: string }, output: Output): Promise<number> {
  const { config, folder, file } = await load(options)
  const logger = createLogger({ level: 'warn' })
  const database = await openDatabase({ folder, config, environment: process.env, logger })
  const environment = {
    ...process.env,
    ...database.environment,
    ...(options.port === undefined ? {} : { PORT: options.port }),
  }
  const app = new DevelopedApp(file, environment, output)
  const watcher = watch(folder, {
    ignored: (path) => /(^|[/\\])(node_modules|dist|\.git|\.banyan)([/\\]|$)/.test(relative(folder, path)),
    ignoreInitial: true,
  })
  watcher.on('all', (_, path) => app.changed(relative(folder, resolve(path))))
  app.start()
  await new Promise<void>((done) => {
    process.once('SIGINT', () => done())
    process.once('SIGTERM', () => done())
  })
  await watcher.close()
  await app.stop()
  await database.close()
  return 0
}

const settleMs = 40

class DevelopedApp {
  readonly #file: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #output: Output
  readonly #ambient = createAmbient()
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #pending: (() => void) | undefined
  #reloading = false
  #again = false

  constructor(file: string, environment: NodeJS.ProcessEnv, output: Output) {
    this.#file = file
    this.#environment = environment
    this.#output = output
  }

  start(): void {
    const main = resolve(dirname(fileURLToPath(import.meta.url)), '../main.js')
    const child = spawn(process.execPath, ['--enable-source-maps', main, 'start', '--config', this.#file], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child.stdout?.pipe(
      pretty({ colorize: process.stdout.isTTY, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l', destination: 1 }),
    )
    this.#child = child
    this.#exited = new Promise((done) => {
      child.once('exit', (code) => {
        this.#child = undefined
        if (code) this.#output.note('  waiting for a change')
        done()
      })
    })
  }

  /** Editors write a file in several steps, so a reload waits until it has been quiet for a moment. */
  changed(path: string): void {
    this.#pending?.()
    this.#pending = this.#ambient.after(settleMs, () => {
      this.#pending = undefined
      this.#output.note(`  ${path} changed`)
      void this.#reload()
    })
  }

  async #reload(): Promise<void> {
    if (this.#reloading) {
      this.#again = true
      return
    }
    this.#reloading = true
    do {
      this.#again = false
      await this.#end()
      this.start()
    } while (this.#again)
    this.#reloading = false
  }

  async #end(): Promise<void> {
    this.#child?.kill('SIGTERM')
    await this.#exited
  }

  async stop(): Promise<void> {
    this.#pending?.()
    await this.#end()
  }
}
