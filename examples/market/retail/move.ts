import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { asAdmin } from './admin.js'
import { underWay } from './at-rest.js'
import { planRetail } from './classify.js'
import { House } from './house.js'
import { readProgress } from './progress.js'
import { readRetailFile } from './read-file.js'
import { Shop } from './shop.js'
import { Told } from './told.js'
import { type Given, runTool, wholeNumber } from './tool.js'
import { dataIn, exitOf, Risen, runScript } from './victim.js'

const help = `Moves the shop while a retail file is replayed: from one process to services and back, on the same data, then audits.

  npm run market:move -- FILE [--limit N] [--in-flight 32] [--port 3999] [--folder FOLDER]

  --limit      only the first N documents
  --in-flight  requests under way at a time
  --folder     of the shop that moves, emptied first; default .banyan/move in examples/market

A third of the documents is for \`banyan start\`, a third for \`banyan up\`, and the last for \`banyan start\` again. Each is killed
(kill -9) with requests and events under way, and at the first move events are parked: the database
refuses some parcels until the services are open.`

const options = {
  limit: { type: 'string' },
  'in-flight': { type: 'string' },
  port: { type: 'string' },
  folder: { type: 'string' },
} as const

const patienceMs = 180_000
const lookMs = 50
// What is parked has to wait for services that start; on a slow machine they take long.
const attempts = 100
const refusedParcel = 'refused-'
// Those that come after a third of the documents.
const refusedOrders = 10

/** @throws Told when it does not come */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Told(`${what} did not come within ${patienceMs / 1000} s`)
    await wait(lookMs)
  }
}

/**
 * Books parcels for orders that are to come: when these are paid, the database refuses to pack them, and the events are
 * parked.
 */
async function refuseParcels(client: ClientBase, orders: readonly string[]): Promise<void> {
  await client.query(
    `insert into shipping.shipments (order_id, tracking_number, country, status)
     select id, $2 || id, '', 'packed' from unnest($1::text[]) as id`,
    [orders, refusedParcel],
  )
}

async function takeParcels(client: ClientBase): Promise<void> {
  await client.query('delete from shipping.shipments where starts_with(tracking_number, $1)', [refusedParcel])
}

interface Move {
  readonly house: House
  readonly shop: Shop
  readonly total: number
  readonly done: () => number
  readonly environment: NodeJS.ProcessEnv
}

async function tellUnderWay({ environment, done }: Move): Promise<void> {
  const { events, parked, jobs } = await asAdmin(environment, underWay)
  console.log(`  under way after ${done()} documents: ${events} events on their way, ${parked} parked, ${jobs} jobs`)
}

/** From one process to services and back, at a third and at two thirds of the documents. */
async function move(setting: Move, homes: Risen[]): Promise<void> {
  const { house, shop, total, done, environment } = setting
  const moveIn = (command: string): Risen => {
    const home = new Risen(`banyan ${command}`, () => house.run(command))
    homes.push(home)
    home.start()
    return home
  }
  const [one] = homes as [Risen]
  await until('a third of the documents', () => done() >= total / 3)
  await until('a parked event', async () => (await asAdmin(environment, underWay)).parked > 0)
  await one.stop('SIGKILL')
  console.log('moving from one process to services')
  await tellUnderWay(setting)
  const up = moveIn('up')
  await shop.awaited(patienceMs, () => undefined)
  await tellUnderWay(setting)
  await asAdmin(environment, takeParcels)
  await until('two thirds of the documents', () => done() >= (2 * total) / 3)
  await up.stop('SIGKILL')
  console.log('moving from services to one process')
  await tellUnderWay(setting)
  moveIn('start')
}

async function main(given: Given): Promise<number> {
  const { values, file } = given
  const limit = wholeNumber(given, 'limit', 0)
  const port = String(wholeNumber(given, 'port', 1) ?? 3999)
  const folder = resolve((values.folder as string | undefined) ?? '.banyan/move')
  const state = join(folder, 'replay.json')
  const documents = (await planRetail(readRetailFile(file))).documents.slice(0, limit)
  const { length: total } = documents
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const house = new House({ folder, port, attempts })
  const environment = { ...process.env, BANYAN_DATA: dataIn(folder) }
  console.log(`${total} documents; what the shop says: ${house.log}`)
  const homes = [new Risen('banyan start', () => house.run('start'))]
  const stop = async (): Promise<void> => {
    for (const home of homes) await home.stop()
  }
  process.once('SIGINT', () => void stop())
  process.once('SIGTERM', () => void stop())
  homes[0]?.start()
  try {
    const shop = new Shop(`http://127.0.0.1:${port}`)
    await shop.awaited(patienceMs, () => console.log('waiting until the shop is open'))
    const refused = documents.slice(Math.floor(total / 3)).filter(({ kind }) => kind === 'order')
    await asAdmin(environment, (client) =>
      refuseParcels(
        client,
        refused.slice(0, refusedOrders).map(({ id }) => id),
      ),
    )
    const limited = limit === undefined ? [] : ['--limit', String(limit)]
    const inFlight = values['in-flight'] === undefined ? [] : ['--in-flight', String(values['in-flight'])]
    const sending = [file, '--url', shop.url, '--state', state, ...limited, ...inFlight]
    const replay = runScript('retail/replay.ts', sending, {})
    const replayed = exitOf(replay)
    try {
      await move({ house, shop, total, done: () => readProgress(state).done, environment }, homes)
    } catch (error) {
      replay.kill('SIGTERM')
      await replayed
      throw error
    }
    const code = await replayed
    console.log(`the replay ended with ${code}`)
    if (code !== 0) return 1
    return await exitOf(runScript('retail/audit.ts', [file, ...limited], { BANYAN_DATA: dataIn(folder) }))
  } finally {
    await stop()
  }
}

await runTool(help, options, main)
