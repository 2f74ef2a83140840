import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { asAdmin } from './admin.js'
import { underWay } from './at-rest.js'
import { planRetail } from './classify.js'
import { House } from './house.js'
import { readRetailFile } from './read-file.js'
import { Shop } from './shop.js'
import { StagedReplay } from './staged.js'
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
  readonly replay: StagedReplay
  readonly environment: NodeJS.ProcessEnv
}

async function tellUnderWay({ environment, replay }: Move): Promise<void> {
  const { events, parked, jobs } = await asAdmin(environment, underWay)
  console.log(`  after ${replay.done} documents: ${events} events on their way, ${parked} parked, ${jobs} jobs`)
}

/** From one process to services and back, a little after a third and two thirds of the documents. */
async function move(setting: Move, homes: Risen[]): Promise<void> {
  const { house, shop, total, replay, environment } = setting
  const moveIn = (command: string): Risen => {
    const home = new Risen(`banyan ${command}`, () => house.run(command))
    homes.push(home)
    home.start()
    return home
  }
  const [third, twoThirds] = [Math.floor(total / 3), Math.floor((2 * total) / 3)]
  await replay.sendUpTo(third)
  const [one] = homes as [Risen]
  await during(replay.sendUpTo(twoThirds), async () => {
    await until('a parked event', async () => (await asAdmin(environment, underWay)).parked > 0)
    await one.stop('SIGKILL')
    console.log('moving from one process to services')
    await tellUnderWay(setting)
    moveIn('up')
    await shop.awaited(patienceMs, () => undefined)
    await tellUnderWay(setting)
    await asAdmin(environment, takeParcels)
  })
  const up = homes.at(-1) as Risen
  await during(replay.sendUpTo(total), async () => {
    await until('another document', () => replay.done > twoThirds)
    await up.stop('SIGKILL')
    console.log('moving from services to one process')
    await tellUnderWay(setting)
    moveIn('start')
  })
}

/** Both end before the failure of one is told. */
async function during(sending: Promise<void>, work: () => Promise<unknown>): Promise<void> {
  for (const outcome of await Promise.allSettled([sending, work()]))
    if (outcome.status === 'rejected') throw outcome.reason
}

async function main(given: Given): Promise<number> {
  const { values, file } = given
  const limit = wholeNumber(given, 'limit', 0)
  const inFlight = wholeNumber(given, 'in-flight', 1) ?? 32
  const port = String(wholeNumber(given, 'port', 1) ?? 3999)
  const folder = resolve((values.folder as string | undefined) ?? '.banyan/move')
  const plan = await planRetail(readRetailFile(file))
  const total = Math.min(plan.documents.length, limit ?? plan.documents.length)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const house = new House({ folder, port, attempts })
  const environment = { ...process.env, BANYAN_DATA: dataIn(folder) }
  console.log(`${total} documents; what the shop says: ${house.log}`)
  const shop = new Shop(`http://127.0.0.1:${port}`)
  const replay = new StagedReplay({ shop, plan, total, inFlight, state: join(folder, 'replay.json') })
  const homes = [new Risen('banyan start', () => house.run('start'))]
  const stop = async (): Promise<void> => {
    replay.stop()
    for (const home of homes) await home.stop()
  }
  process.once('SIGINT', () => void stop())
  process.once('SIGTERM', () => void stop())
  homes[0]?.start()
  try {
    await shop.awaited(patienceMs, () => console.log('waiting until the shop is open'))
    await replay.open()
    const coming = plan.documents.slice(Math.floor(total / 3), total).filter(({ kind }) => kind === 'order')
    const refused = coming.slice(0, refusedOrders).map(({ id }) => id)
    await asAdmin(environment, (client) => refuseParcels(client, refused))
    await move({ house, shop, total, replay, environment }, homes)
    if (!replay.conclude()) return 1
    const limited = limit === undefined ? [] : ['--limit', String(limit)]
    return await exitOf(runScript('retail/audit.ts', [file, ...limited], environment))
  } finally {
    await stop()
  }
}

await runTool(help, options, main)
