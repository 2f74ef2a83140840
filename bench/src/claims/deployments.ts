import { createDatabase, createPlainTables } from '../deployments/databases.js'
import { Deployment, type LoadProcess, startLoad } from '../deployments/deployment.js'
import { names, observeGains } from '../deployments/gains.js'
import type { CheckoutLoad } from '../deployments/load-process.js'
import type { DatabaseAddress } from '../deployments/process.js'
import { formatNumber } from '../harness/format.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import type { Measurement, Role } from '../harness/types.js'
import { openDatabase, syncsPerSecond } from '../support/database.js'
import { startNats } from '../support/nats.js'

interface NamedDeployment {
  readonly name: string
  readonly role: Role
  readonly start: (deployment: Deployment, mix: OpenMix) => Promise<void>
}

interface OpenMix {
  readonly natsUrl: string
  /** By deployment; absent in the mix without SQL. */
  readonly databases: { readonly [Name in keyof typeof names]: DatabaseAddress } | undefined
}

const deployments: readonly NamedDeployment[] = [
  { name: names.one, role: 'ours', start: (it, { databases }) => it.startOneProcess(databases?.one) },
  {
    name: names.services,
    role: 'variant',
    start: (it, { databases, natsUrl }) => it.startServices(databases?.services, natsUrl),
  },
  { name: names.plain, role: 'peer', start: (it, { databases }) => it.startPlain(databases?.plain) },
]

/** What our services do with every command that came from another process. */
const withIds: NamedDeployment = {
  name: names.plainWithIds,
  role: 'peer',
  start: (it, { databases }) => it.startPlain(databases?.plainWithIds, true),
}

/** Compilers are done with the hot paths only then; before, what serves fewest requests would be the coldest. */
const warmUpMs = 8_000
const perSecond = { without: 400, with: 100 }

async function measureMix(run: Run, load: LoadProcess, mix: OpenMix): Promise<void> {
  const started = new Map<string, Deployment>()
  const alternatives = mix.databases ? [...deployments, withIds] : deployments
  try {
    for (const { name, start } of alternatives) {
      const deployment = new Deployment()
      started.set(name, deployment)
      await start(deployment, mix)
    }
    // With one checkout in flight a deployment would still be cold when the last round ends.
    for (const deployment of started.values()) await deployment.measure(load, { inFlight: 16 }, warmUpMs)
    const rate = mix.databases ? perSecond.with : perSecond.without
    for (const how of [{ inFlight: 1 }, { inFlight: 16 }, { perSecond: rate }])
      await compare(run, load, alternatives, started, how, mix.databases !== undefined)
    run.print('')
    for (const [name, deployment] of started)
      run.observe({ what: `memory of all processes, ${name}`, value: `${formatNumber(deployment.memory())} MB` })
  } finally {
    for (const deployment of started.values()) deployment.stop()
  }
}

async function compare(
  run: Run,
  load: LoadProcess,
  alternatives: readonly NamedDeployment[],
  started: ReadonlyMap<string, Deployment>,
  how: CheckoutLoad['how'],
  withSql: boolean,
): Promise<void> {
  const turns = new Map<string, Measurement[]>(alternatives.map(({ name }) => [name, []]))
  const at = 'inFlight' in how ? `${how.inFlight} in flight` : `${how.perSecond} a second`
  const { rounds } = await run.compare({
    title: `A checkout ${withSql ? 'with PostgreSQL' : 'without SQL'}, ${at}`,
    unit: 'ms',
    better: 'lower',
    turnMs: 800,
    warmUps: 1,
    alternatives: alternatives.map(({ name, role }) => ({
      name,
      role,
      async measure(ms) {
        const measurement = await (started.get(name) as Deployment).measure(load, how, ms)
        turns.get(name)?.push(measurement)
        return measurement
      },
    })),
  })
  const taken = new Map([...turns].map(([name, all]) => [name, all.slice(-rounds)]))
  run.print('')
  observeGains(run, taken, withSql ? { services: 1 } : { services: 1, calls: 5, processor: 3 })
}

async function open(): Promise<OpenClaim> {
  const { server, folder, stop } = await openDatabase('deployments')
  const nats = await startNats()
  const load = startLoad()
  return {
    versions: { PostgreSQL: server.version, 'nats-server': nats.version },
    async measure(run) {
      await measureMix(run, load, { natsUrl: nats.url, databases: undefined })
      run.print('')
      run.observe({ what: 'fdatasync of 8 KiB on the same disk', value: `${formatNumber(syncsPerSecond(folder))}/s` })
      const one = await createDatabase(server.connection, 'one')
      const services = await createDatabase(server.connection, 'services')
      const plain = await createDatabase(server.connection, 'plain')
      const plainWithIds = await createDatabase(server.connection, 'plain_with_ids')
      for (const each of [plain, plainWithIds]) await createPlainTables(each)
      await measureMix(run, load, { natsUrl: nats.url, databases: { one, services, plain, plainWithIds } })
    },
    async close() {
      load.stop()
      await nats.stop()
      await stop()
    },
  }
}

await runClaim(
  {
    name: 'deployments',
    says: 'the same shop is faster and cheaper in one process than as services, and ours are no slower than plain ones',
    packages: ['fastify', 'undici', 'pg'],
    notes: [
      'A checkout is posted to the orders service: three prices of the catalog at once, then a reservation, then an',
      'authorization, five calls in three steps; with SQL each of them reads or writes, and the order is kept at the end.',
      'Each service is a process of its own, four in all; what is asked from outside is the one that has the orders. Plain',
      'services validate by ajv, write by response schemas, keep connections alive, and run the same statements, named.',
      'They keep no ids of commands, so a repeated request has its effect twice, where the row does not say otherwise; our',
      'services record each command that came from another process. Without SQL the five calls are queries. CPU is that of the app processes, without',
      'broker, database and load. `calls` is how long a checkout waited for its five calls.',
    ],
  },
  open,
)
