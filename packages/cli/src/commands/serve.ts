import { type RunningApp, startService } from '@banyan/host'
import type { Command } from 'commander'
import type { Output } from '../output.js'
import { type CommonOptions, load, runCommand } from '../session.js'
import { supervisorSaysStop, untilStopped } from '../signals.js'
import { supervisedVariable } from '../up/replica-environment.js'
import type { FromReplica } from '../up/replica-process.js'

interface ServeOptions extends CommonOptions {
  readonly port?: string
  readonly probe?: string
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run one service of the topology in this process, for containers')
    .argument('<service>', 'its name under `services` of the configuration, or gateway')
    .option('--port <port>', 'port of the HTTP gateway, where the service is the gateway')
    .option('--probe <port>', 'port of /healthz, /readyz and /metrics; 0: none')
    .action((service: string, _, command: Command) => {
      const options = command.optsWithGlobals<ServeOptions>()
      return runCommand(options, (output) =>
        process.env[supervisedVariable] ? serveSupervised(service, options) : serve(service, options, output),
      )
    })
}

async function serve(service: string, options: ServeOptions, output: Output): Promise<number> {
  const running = await start(service, options)
  output.note(`  ${service} of ${running.runtime.app} is ready${places(running)}`)
  await untilStopped(running, output)
  return 0
}

function places({ url, probeUrl }: RunningApp): string {
  const told = [...(url === undefined ? [] : [url]), ...(probeUrl === undefined ? [] : [`${probeUrl}/readyz`])]
  return told.length === 0 ? '' : `: ${told.join('  ')}`
}

/** Under `banyan up`, which hears when it is ready, and whose end is its end. */
async function serveSupervised(service: string, options: ServeOptions): Promise<number> {
  const stopped = supervisorSaysStop()
  try {
    const running = await start(service, options)
    const { url } = running
    const ready: FromReplica = { ready: true, ...(url === undefined ? {} : { url }) }
    if (process.connected) process.send?.(ready)
    const lost = await Promise.race([stopped, running.closed])
    await running.stop()
    if (lost) throw lost
    return 0
  } finally {
    // An open channel would keep the process, also when the service could not be started.
    if (process.connected) process.disconnect()
  }
}

async function start(service: string, options: ServeOptions): Promise<RunningApp> {
  const loaded = await load(options)
  const environment = {
    ...process.env,
    ...(options.port === undefined ? {} : { PORT: options.port }),
    ...(options.probe === undefined ? {} : { PROBE_PORT: options.probe }),
  }
  return startService({ loaded, service, environment })
}
