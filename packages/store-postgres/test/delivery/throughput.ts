// Not a test: run by hand to see where the time of the delivery goes.
import { mkdtempSync, rmSync } from 'node:fs'
import { createAmbient } from '@banyan/ambient'
import { createPostgresStore } from '../../src/create-store.js'
import { removeEmbedded } from '../../src/embedded/remove-embedded.js'
import { startEmbedded } from '../../src/embedded/start-embedded.js'
import { modules, plan, recordOnly, testProcess } from './process.js'

const count = Number(process.argv[2] ?? 50_000)
const subscribers = Number(process.argv[3] ?? 2)
const folder = mkdtempSync('/var/tmp/banyan-throughput-')
const server = await startEmbedded({ dataDir: `${folder}/data` })
const store = createPostgresStore({ app: 'market', connection: server.connection, ambient: createAmbient() })
await store.open(modules)
const one = recordOnly
const it = testProcess({
  store,
  plans: [plan('billing'), plan('mail')].slice(0, subscribers),
  handlers: { billing: one, mail: one },
})
await it.delivery.start()
await it.publish(Array.from({ length: 100 }, (_, n) => `k${n}`))
await it.delivery.settled()
const began = performance.now()
const cpu = process.cpuUsage()
let peak = 0
for (let sent = 0; sent < count; sent += 400) {
  await Promise.all(
    Array.from({ length: 4 }, () => it.publish(Array.from({ length: 100 }, (_, n) => `k${(sent + n * 37) % 5000}`))),
  )
  peak = Math.max(peak, it.delivery.lag('orders'))
  while (it.delivery.lag('orders') > 20_000) await new Promise((done) => setTimeout(done, 5))
}
const published = performance.now()
await it.delivery.settled(120_000)
const ended = performance.now()
const used = process.cpuUsage(cpu)
console.log(
  JSON.stringify({
    count,
    subscribers,
    publishMs: Math.round(published - began),
    totalMs: Math.round(ended - began),
    eventsPerSecond: Math.round(count / ((ended - began) / 1000)),
    peakLag: peak,
    nodeCpuMicrosPerHandled: Math.round((used.user + used.system) / (count * subscribers)),
  }),
)
for (const metric of it.delivery.metrics())
  if (/feed|batches|retries|handled/.test(metric.name))
    console.log(
      metric.name,
      metric.samples.map((sample) => `${Object.values(sample.labels)}=${sample.value}`).join(' '),
    )
if (process.argv[4]) {
  // The limit: the same statement on one connection of the same driver, in transactions of 500.
  const pg = (await import('pg')).default
  const client = new pg.Client(server.connection)
  await client.connect()
  await client.query('set search_path to billing')
  const cpu2 = process.cpuUsage()
  const t = performance.now()
  const id = '00000000-0000-7000-8000-000000000000'
  for (let n = 0; n < count; n++) {
    if (n % 500 === 0) await client.query('begin')
    await client.query({
      name: 'x',
      text: 'insert into effects (event, source, key, position) values ($1,$2,$3,$4)',
      values: [id, 'orders', 'k', n],
    })
    if (n % 500 === 499) await client.query('commit')
  }
  const u2 = process.cpuUsage(cpu2)
  console.log(
    'by hand',
    Math.round(count / ((performance.now() - t) / 1000)),
    'per s, cpu us',
    Math.round((u2.user + u2.system) / count),
  )
  await client.end()
}
await it.delivery.stop(1000)
await store.close(1000)
await server.stop()
await removeEmbedded(`${folder}/data`)
rmSync(folder, { recursive: true, force: true })
