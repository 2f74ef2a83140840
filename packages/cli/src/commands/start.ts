import { relative } from 'node:path'
import { dataFolder, type LoadedApp, type RunningApp, startApp } from '@banyan/host'
import type { Command } from 'commander'
import { type CommonOptions, load, runCommand } from '../session.js'
import { untilStopped } from '../signals.js'

export function addStart(program: Command): void {
  program
    .command('start')
    .description('run the app in one process')
    .option('--port <port>', 'port of the gateway; 0 takes any free one')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { port?: string }>()
      return runCommand(options, async (output) => {
        const loaded = await load(options)
        const environment = options.port === undefined ? process.env : { ...process.env, PORT: options.port }
        const running = await startApp({ loaded, environment })
        output.note(urls(running, loaded))
        await untilStopped(running, output)
        return 0
      })
    })
}

/** What a person wants to know first. */
export function urls(running: RunningApp, loaded: LoadedApp): string {
  const { url, store, runtime } = running
  const { kind, version, target } = store.describe()
  // A person knows an embedded database by its folder, not by its socket.
  const folder = dataFolder({ ...loaded, environment: process.env })
  const where = kind === 'embedded' ? relative(process.cwd(), folder) : target
  const lines = [`  ${runtime.app} is ready`, '']
  if (url !== undefined)
    lines.push(
      `  API        ${url}`,
      `  docs       ${url}/docs`,
      `  health     ${url}/healthz  ${url}/readyz  ${url}/metrics`,
    )
  lines.push(
    `  database   PostgreSQL ${version}, ${kind} (${where})`,
    `  modules    ${[...runtime.contracts.keys()].join(', ')}`,
    '',
  )
  return lines.join('\n')
}
