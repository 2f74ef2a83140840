import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ambient, createAmbient, createSeededAmbient } from '@banyan/ambient'
import { connectNats, deployStreams, type NatsServer, startNatsServer } from '@banyan/broker-nats'
import {
  type LoadedApp,
  loadApp,
  type PreparedAccess,
  prepareAccess,
  type RunningApp,
  startService,
  storeModules,
  streamLimits,
} from '@banyan/host'
import { createLogger } from '@banyan/runtime'
import { type EmbeddedServer, preparePostgres, removeEmbedded, startEmbedded } from '@banyan/store-postgres'
import pg from 'pg'
import { type LinkTarget, ProxiedLink } from '../../../../../tools/vitest/proxied-link.js'
import { Replica } from './replica.js'

const folder = fileURLToPath(new URL('../app', import.meta.url))
const published = ['left', 'right']
/** With a lane past the broker, on an address of its own, so that a link can stand at the one that the others are told. */
const withLane = 'right/1'
const hostOfLanes = '127.0.0.2'
const seedVariable = 'BANYAN_TEST_SEED'

/**
 * The ledgers as services of processes of their own, over a real broker that lets them do what their contracts allow and a
 * real database, each process behind links of its own. This process is the gateway.
 */
export class World {
  readonly ambient: Ambient = createAmbient()
  readonly #chance: Ambient
  readonly replicas = new Map<string, Replica>()
  readonly admin: pg.Pool
  readonly postgres: EmbeddedServer
  readonly nats: NatsServer
  readonly #gateway: { running: RunningApp | undefined } = { running: undefined }
  readonly #loaded: LoadedApp
  readonly #access: PreparedAccess
  readonly #folder: string

  private constructor(parts: {
    folder: string
    loaded: LoadedApp
    access: PreparedAccess
    postgres: EmbeddedServer
    nats: NatsServer
  }) {
    this.#folder = parts.folder
    const seed = seedOfRun()
    console.log(`chance of this run: ${seedVariable}=${seed}`)
    this.#chance = createSeededAmbient(seed)
    this.#loaded = parts.loaded
    this.#access = parts.access
    this.postgres = parts.postgres
    this.nats = parts.nats
    this.admin = new pg.Pool({ ...parts.postgres.connection, max: 2 })
    // It is asked again: the server goes and comes in these tests.
    this.admin.on('error', () => undefined)
  }

  static async open(): Promise<World> {
    const home = mkdtempSync(join(tmpdir(), 'bf-'))
    const loaded = await loadApp({ folder })
    // Nothing acknowledged is lost when a process dies; it is no power cut that is played here.
    const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '200' }
    const postgres = await startEmbedded({ dataDir: join(home, 'data'), transport: 'loopback', settings })
    const { host, port, user, password, database } = postgres.connection
    const address = `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`
    const environment = { DATABASE_URL: address }
    const access = prepareAccess({ loaded, environment, folder: join(home, 'access'), now: createAmbient().now() })
    const nats = await startNatsServer({ folder: join(home, 'nats'), config: access.natsConfiguration() })
    const world = new World({ folder: home, loaded, access, postgres, nats })
    await preparePostgres(
      { app: 'ledgers', connection: postgres.connection, ambient: world.ambient, secret: access.keyring.storeSecret },
      storeModules(loaded),
    )
    await world.deploy()
    await world.#startAll()
    return world
  }

  get gateway(): RunningApp {
    return this.#gateway.running as RunningApp
  }

  /** Uniform in [0, 1), from the seed of the run. */
  chance(): number {
    return this.#chance.random()
  }

  replica(name: string): Replica {
    return this.replicas.get(name) as Replica
  }

  /** Every process runs, with nothing in its way, and the streams are there; whatever the case before left. */
  async whole(): Promise<void> {
    await this.deploy()
    await Promise.all([...this.replicas.values()].map((replica) => replica.whole()))
  }

  /** Makes the streams, as a deployment does. */
  async deploy(): Promise<void> {
    const limits = streamLimits(this.#loaded.config.events)
    await deployStreams({
      url: this.nats.url,
      app: 'ledgers',
      ambient: this.ambient,
      plans: published.map((module) => ({ module, ...limits })),
      seeds: this.#deploySeeds(),
    })
  }

  /** Changes limits of the streams: as far as `deploy` they then keep to them. */
  async limitStreams(limits: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [module, seed] of Object.entries(this.#deploySeeds())) {
      const { nats, ambient } = this
      const connection = await connectNats({ servers: nats.url, name: 'limits', ambient, credentials: { seed } })
      const ask = async (what: string, body?: object): Promise<{ config: object; error?: unknown }> => {
        const answer = await connection.request(`$JS.API.STREAM.${what}.ledgers-${module}`, JSON.stringify(body ?? {}))
        return answer.json()
      }
      try {
        const { config } = await ask('INFO')
        const { error } = await ask('UPDATE', { ...config, ...limits })
        if (error) throw new Error(`the stream of ${module} cannot be changed: ${JSON.stringify(error)}`)
      } finally {
        await connection.close()
      }
    }
  }

  get jetstreamFolder(): string {
    return join(this.#folder, 'nats', 'store')
  }

  async rows(text: string, values?: unknown[]): Promise<Record<string, any>[]> {
    return (await this.admin.query(text, values)).rows
  }

  async close(): Promise<void> {
    await this.#gateway.running?.stop()
    await Promise.all([...this.replicas.values()].map((replica) => replica.stop()))
    await Promise.all([...this.replicas.values()].map((replica) => replica.close()))
    await this.admin.end()
    await this.nats.stop()
    await this.postgres.stop()
    await removeEmbedded(join(this.#folder, 'data'))
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #deploySeeds(): Record<string, string> {
    return JSON.parse(this.#access.deployEnvironment.BANYAN_NATS_DEPLOY_SEEDS as string)
  }

  async #startAll(): Promise<void> {
    for (const [service, count] of Object.entries({ left: 2, right: 2, mirror: 2, tally: 1 }))
      for (let number = 1; number <= count; number++) await this.#add(service, `${service}/${number}`)
    const starting = [...this.replicas.values()]
    const startNext = async (): Promise<void> => {
      for (let replica = starting.shift(); replica; replica = starting.shift()) await replica.start()
    }
    // Each reads the sources of every package.
    await Promise.all([startNext(), startNext(), startNext()])
    this.#gateway.running = await startService({
      loaded: this.#loaded,
      service: 'gateway',
      environment: { ...this.#access.environmentOf('gateway'), NATS_URL: this.nats.url, PORT: '0', PROBE_PORT: '0' },
      ambient: this.ambient,
      logger: createLogger({ level: 'silent' }),
    })
  }

  async #add(service: string, name: string): Promise<void> {
    const nats = await ProxiedLink.open({ host: '127.0.0.1', port: this.nats.port })
    const { host, port } = this.postgres.connection
    const database = await ProxiedLink.open({ host, port })
    const environment: Record<string, string> = { ...this.#access.environmentOf(service) }
    environment.NATS_URL = `nats://127.0.0.1:${nats.port}`
    const url = new URL(environment.DATABASE_URL as string)
    url.port = String(database.port)
    environment.DATABASE_URL = url.href
    const lane = name === withLane ? await linkToLane() : undefined
    if (lane) environment.BANYAN_LANE = `${hostOfLanes}:${lane.port},127.0.0.1`
    this.replicas.set(
      name,
      new Replica({ name, service, folder, environment, nats, database, ...(lane === undefined ? {} : { lane }) }),
    )
  }
}

function seedOfRun(): number {
  const given = process.env[seedVariable]
  return given === undefined ? Math.floor(createAmbient().random() * 1e9) : Number(given)
}

/** The port is the same on both addresses: a process tells only the name that others connect to. */
async function linkToLane(): Promise<ProxiedLink> {
  const target: { host: string; port: number } = { host: hostOfLanes, port: 0 }
  const link = await ProxiedLink.open(target as LinkTarget)
  target.port = link.port
  return link
}
