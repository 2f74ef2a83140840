import { type RunningApp, startApp } from '@banyan/host'
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
        const environment = options.port === undefined ? process.env : { ...process.env, PORT: options.port }
        const running = await startApp({ loaded: await load(options), environment })
        output.note(urls(running))
        await untilStopped(running, output)
        return 0
      })
    })
}

/** What a person wants to know first. */
export function urls(running: RunningApp): string {
  const { url, store, runtime } = running
  const { kind, version, target } = store.describe()
  const lines = [`  ${runtime.app} is ready`, '']
  if (url !== undefined)
    lines.push(
      `  API        ${url}`,
      `  docs       ${url}/docs`,
      `  health     ${url}/healthz  ${url}/readyz  ${url}/metrics`,
    )
  lines.push(
    `  database   PostgreSQL ${version}, ${kind} (${target})`,
    `  modules    ${[...runtime.contracts.keys()].join(', ')}`,
    '',
  )
  return lines.join('\n')
}
