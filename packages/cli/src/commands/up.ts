import { createServer } from 'node:net'
import { type Ambient, createAmbient } from '@banyan/ambient'
import { banyanError, problemsError } from '@banyan/errors'
import { checkApp, type LoadedApp, topologyOf } from '@banyan/host'
import type { Command } from 'commander'
import { type CommonOptions, load, runCommand, toolLogger } from '../session.js'
import { ServiceLog } from '../up/log.js'
import { brokerFolder, type PreparedServices, prepareServices } from '../up/prepare.js'
import { leaveMs, runUp } from '../up/run-up.js'
import { ServiceProcesses } from '../up/service-processes.js'
import { startOrder } from '../up/start-order.js'

interface UpOptions extends CommonOptions {
  readonly port?: string
}

const stopDeadlineMs = 10_000

export function addUp(program: Command): void {
  program
    .command('up')
    .description('run every service of the topology on this machine, with the database and the broker that they need')
    .option('--port <port>', 'port of the HTTP gateway')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<UpOptions>()
      return runCommand(options, () => up(options))
    })
}

async function up(options: UpOptions): Promise<number> {
  const loaded = await load(options)
  const environment = { ...process.env, ...(options.port === undefined ? {} : { PORT: options.port }) }
  const topology = topologyOf(loaded)
  const problems = checkApp(loaded, environment)
  if (problems.length > 0) throw problemsError('invalid-app', { name: loaded.app.name }, problems)
  const ambient = createAmbient()
  const json = options.json === true
  const deadlineMs = loaded.config.stopDeadlineMs ?? stopDeadlineMs
  // Only here: no other command pays for loading it.
  const { prettyFactory } = await import('pino-pretty')
  const colour = process.stdout.isTTY === true
  const log = new ServiceLog(
    {
      json,
      colour,
      destination: process.stdout,
      pretty: prettyFactory({ colorize: colour, ignore: 'pid,hostname,service', translateTime: 'HH:MM:ss.l' }),
    },
    topology.services.map(({ name }) => name),
  )
  let prepared: PreparedServices | undefined
  const processes = new ServiceProcesses({
    execArgv: [...process.execArgv, '--enable-source-maps'],
    program: process.argv[1] as string,
    configFile: loaded.file,
    folder: process.cwd(),
    environment,
    environmentOf: (service) => (prepared as PreparedServices).environmentOf(service),
    json,
  })
  const gateways = new Set(topology.services.filter(({ gateway }) => gateway).map(({ name }) => name))
  return runUp({
    topology,
    folder: loaded.folder,
    configFile: loaded.file,
    brokerFolder: brokerFolder(loaded),
    order: startOrder(loaded.app, topology),
    ambient,
    json,
    log,
    stopDeadlineMs: deadlineMs,
    prepare: async (context) => {
      await refuseTakenPort(loaded, environment, ambient, context.stopping)
      const logger = toolLogger()
      const orphanGraceMs = deadlineMs + leaveMs
      prepared = await prepareServices({ ...context, loaded, topology, environment, ambient, logger, orphanGraceMs })
      return prepared
    },
    spawn: (service, replica) =>
      gateways.has(service) ? processes.spawnListening(service, replica) : processes.spawn(service, replica),
  })
}

// What a killed `up` left needs a moment to notice and go.
const portPatienceMs = 2_000
const portRetryMs = 100

/** A gateway that finds its port taken would be started again and again; better to say so before anything is started. */
async function refuseTakenPort(
  { config }: LoadedApp,
  { PORT, HOST }: Readonly<Record<string, string | undefined>>,
  ambient: Ambient,
  stopping: AbortSignal,
): Promise<void> {
  const port = PORT === undefined ? (config.gateway?.port ?? 3000) : Number(PORT)
  const host = HOST ?? config.gateway?.host ?? '127.0.0.1'
  const until = ambient.monotonic() + portPatienceMs
  while (await isTaken(host, port)) {
    if (ambient.monotonic() >= until) throw banyanError('port-in-use', { port, host })
    stopping.throwIfAborted()
    await new Promise((done) => setTimeout(done, portRetryMs))
  }
}

function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') done(true)
      else failed(error)
    })
    server.listen({ port, host, exclusive: true }, () => server.close(() => done(false)))
  })
}
