import { setTimeout as wait } from 'node:timers/promises'
import { createAmbient } from '@banyan/ambient'
import { topologyOf } from '@banyan/host'
import type { Command } from 'commander'
import { exitCodes, type Output } from '../output.js'
import { instanceTable } from '../services/instance-table.js'
import { makeStreams } from '../services/make-streams.js'
import { observed } from '../services/observed.js'
import { type CommonOptions, load, runCommand } from '../session.js'
import { askUp, type ControlRequest } from '../up/control.js'

interface ServicesOptions extends CommonOptions {
  readonly watch?: boolean
}

const watchMs = 1_500

export function addServices(program: Command): void {
  const services = program.command('services').description('what runs where, as the processes themselves tell')
  services.option('--watch', 'again and again, until Ctrl-C').action((_, command: Command) => {
    const options = command.optsWithGlobals<ServicesOptions>()
    return runCommand(options, (output) => list(options, output))
  })
  services
    .command('replace')
    .description('replace the processes of a service under `banyan up`, one after the other, without a lost request')
    .argument('<service>')
    .action((service: string, _, command: Command) =>
      ask(command, { command: 'replace', service }, `✓ ${service} runs in new processes`),
    )
  services
    .command('streams')
    .description('make the streams of events at the broker, or change their limits, as who deploys')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      return runCommand(options, (output) => prepareStreams(options, output))
    })
  services
    .command('scale')
    .description('run so many processes of a service under `banyan up`, until it is stopped')
    .argument('<service>')
    .argument('<replicas>')
    .action((service: string, replicas: string, _, command: Command) =>
      ask(command, { command: 'scale', service, replicas: Number(replicas) }, `✓ ${service} has ${replicas} replicas`),
    )
}

async function prepareStreams(options: CommonOptions, output: Output): Promise<number> {
  const loaded = await load(options)
  const modules = await makeStreams(loaded, topologyOf(loaded), createAmbient(), process.env)
  output.result({ modules }, modules.length === 0 ? '✓ no stream is needed' : `✓ streams of ${modules.join(', ')}`)
  return exitCodes.done
}

async function list(options: ServicesOptions, output: Output): Promise<number> {
  const loaded = await load(options)
  const topology = topologyOf(loaded)
  const ambient = createAmbient()
  const observer = await observed(topology.app, loaded.folder, process.env, ambient)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  try {
    do {
      const all = await observer.look()
      if (options.watch && !options.json && process.stdout.isTTY) console.clear()
      output.result(all, instanceTable(all, topology, ambient.now()))
      if (options.watch) await wait(watchMs, undefined, { signal: stop.signal }).catch(() => undefined)
    } while (options.watch && !stop.signal.aborted)
  } finally {
    await observer.close()
  }
  return exitCodes.done
}

function ask(command: Command, request: ControlRequest, done: string): Promise<void> {
  const options = command.optsWithGlobals<CommonOptions>()
  return runCommand(options, async (output) => {
    const { folder } = await load(options)
    await askUp(folder, request, (line) => output.note(`  ${line}`))
    output.result({ done: true }, done)
    return exitCodes.done
  })
}
