// `banyan up` with stand-ins for services and broker, as a program of its own, so that it can be killed.
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import { prettyFactory } from 'pino-pretty'
import { failureText } from '../../src/output.js'
import { ServiceLog } from '../../src/up/log.js'
import { leaveMs, runUp } from '../../src/up/run-up.js'

const [folder, mode] = process.argv.slice(2) as [string, string]
const journal = join(folder, 'journal')
const child = join(import.meta.dirname, 'child.mjs')
const plan = (name: string, gateway = false) => ({ name, modules: [], replicas: 1, gateway })
const modeOf = (service: string): string => {
  if (service !== 'back' || mode === 'unclosable') return 'good'
  return mode === 'impatient' ? 'hung' : mode
}
const broker = spawn(process.execPath, [child, 'broker', 'broker', journal, folder], {
  stdio: 'ignore',
  detached: true,
})

try {
  process.exitCode = await runUp({
    topology: { app: 'shop', services: [plan('back'), plan('gateway', true)] },
    folder,
    configFile: journal,
    order: new Map([['gateway', ['back']]]),
    ambient: createAmbient(),
    json: false,
    // Less what processes get beside it for going: a second in all.
    stopDeadlineMs: mode === 'impatient' ? 1_000 - leaveMs : 20_000,
    log: new ServiceLog(
      { json: false, colour: false, destination: process.stdout, pretty: prettyFactory({ ignore: 'time' }) },
      ['back', 'gateway'],
    ),
    prepare: async () => ({
      lines: [`broker ${broker.pid}`],
      observer: { NATS_URL: 'nats://127.0.0.1:1' },
      broker: { mark: folder, followProcess: (listener) => listener(broker.pid as number) },
      closed: new Promise((done) => {
        process.once('SIGUSR2', () => done(banyanError('store-folder-unusable', { folder, summary: 'it is gone' })))
      }),
      close: async () => {
        appendFileSync(journal, 'closed\n')
        broker.kill('SIGKILL')
        if (mode === 'unclosable') throw new Error('what services need is stuck')
      },
    }),
    spawn: (service, replica) =>
      spawn(process.execPath, [child, `${service}/${replica}`, modeOf(service), journal], {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
  })
} catch (error) {
  process.stderr.write(`${failureText(error)}\n`)
  broker.kill('SIGKILL')
  process.exitCode = 1
}
