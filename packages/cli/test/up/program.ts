// `banyan up` with stand-ins for services and broker, as a program of its own, so that it can be killed.
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import { prettyFactory } from 'pino-pretty'
import { failureText } from '../../src/output.js'
import { ServiceLog } from '../../src/up/log.js'
import { leaveMs, type PrepareContext, type Prepared, runUp } from '../../src/up/run-up.js'

const [folder, mode] = process.argv.slice(2) as [string, string]
const journal = join(folder, 'journal')
const child = join(import.meta.dirname, 'child.mjs')
const plan = (name: string, gateway = false) => ({ name, modules: [], replicas: 1, gateway })
const modeOf = (service: string): string => {
  if (service !== 'back' || mode === 'unclosable' || mode === 'lost') return 'good'
  return mode === 'impatient' ? 'hung' : mode
}
// A second that a test need not wait for.
let aheadMs = 0
const real = createAmbient()
const ambient = { ...real, monotonic: () => real.monotonic() + aheadMs }
if (mode !== 'lost')
  process.on('SIGUSR2', () => {
    aheadMs += 1_001
    appendFileSync(journal, 'a second later\n')
  })

async function prepare({ tell, guard, stopping }: PrepareContext): Promise<Prepared> {
  const broker = spawn(process.execPath, [child, 'broker', 'broker', journal, folder], {
    stdio: 'ignore',
    detached: true,
  })
  guard.watchBroker(broker.pid as number)
  tell(`broker ${broker.pid}`)
  const close = async (): Promise<void> => {
    appendFileSync(journal, 'closed\n')
    broker.kill('SIGKILL')
    if (mode === 'unclosable') throw new Error('what services need is stuck')
  }
  if (mode === 'slow' || mode === 'stuck')
    await new Promise((_, failed) => {
      stopping.addEventListener('abort', () => {
        appendFileSync(journal, 'told to stop\n')
        if (mode === 'slow') failed(stopping.reason)
      })
    }).catch(async (reason) => {
      await close()
      throw reason
    })
  return {
    lines: ['prepared'],
    observer: { NATS_URL: 'nats://127.0.0.1:1' },
    closed: new Promise((done) => {
      if (mode === 'lost')
        process.once('SIGUSR2', () => done(banyanError('store-folder-unusable', { folder, summary: 'it is gone' })))
    }),
    close,
  }
}

try {
  process.exitCode = await runUp({
    topology: { app: 'shop', services: [plan('back'), plan('gateway', true)] },
    folder,
    configFile: journal,
    brokerFolder: folder,
    order: new Map([['gateway', ['back']]]),
    ambient,
    json: false,
    // Less what processes get beside it for going: a second in all.
    stopDeadlineMs: mode === 'impatient' ? 1_000 - leaveMs : 20_000,
    log: new ServiceLog(
      { json: false, colour: false, destination: process.stdout, pretty: prettyFactory({ ignore: 'time' }) },
      ['back', 'gateway'],
    ),
    prepare,
    spawn: (service, replica) =>
      spawn(process.execPath, [child, `${service}/${replica}`, modeOf(service), journal], {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
  })
} catch (error) {
  process.stderr.write(`${failureText(error)}\n`)
  process.exitCode = 1
}
