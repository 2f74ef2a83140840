import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { banyanError } from '@banyan/errors'
import { createLogger, type DeliveryLimits, type EventStream, type SourceLog, type SourceStream } from '@banyan/runtime'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { onTestFinished } from 'vitest'
import { type Handler, plan, type TestProcess } from '../../../store-postgres/test/delivery/process.js'
import { type DeliverySpace, until } from '../../../store-postgres/test/delivery/server.js'
import {
  createBrokerEvents,
  ensureStreams,
  type NatsServer,
  removeStreams,
  type StreamPlan,
  startNatsServer,
} from '../../src/index.js'

export const app = 'market'

export interface Logged {
  readonly level: string
  readonly fields: Record<string, unknown>
  readonly message: string
}

/** A process of a service, and what a test can do to its ways to the others. */
export interface Service {
  readonly process: TestProcess
  readonly connection: NatsConnection
  readonly logged: readonly Logged[]
  /** Whether the source answers it. */
  sourceAnswers: boolean
  /** What it publishes with passes here. */
  beforePublish: () => Promise<void>
}

export interface ServiceOptions {
  readonly hosted: readonly string[]
  readonly handlers?: Record<string, Handler>
  readonly limits?: Partial<DeliveryLimits>
}

const quick: Partial<DeliveryLimits> = {
  pollMs: 200,
  registerMs: 200,
  relayWatchMs: 200,
  recheckMs: 200,
  infrastructureBackoff: { baseMs: 10, capMs: 200 },
}

/** A NATS server, one database, and processes that share them: `orders` publishes, `billing` and `mail` listen. */
export class Services {
  readonly nats: NatsServer
  readonly space: DeliverySpace
  readonly admin: NatsConnection
  readonly #source: { log: SourceLog | undefined } = { log: undefined }

  private constructor(nats: NatsServer, space: DeliverySpace, admin: NatsConnection) {
    this.nats = nats
    this.space = space
    this.admin = admin
  }

  static async open(space: DeliverySpace, stream: Partial<StreamPlan> = {}): Promise<Services> {
    const folder = mkdtempSync(join(tmpdir(), 'be-'))
    const nats = await startNatsServer({ folder, config: 'max_payload: 2MB' })
    const admin = await connected(nats)
    onTestFinished(async () => {
      await admin.close()
      await nats.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    const services = new Services(nats, space, admin)
    await services.ensure(stream)
    return services
  }

  ensure(stream: Partial<StreamPlan> = {}): Promise<void> {
    return ensureStreams({ app, plans: [{ module: 'orders', ...stream }], admin: () => this.admin })
  }

  remove(): Promise<void> {
    return removeStreams({ app, plans: [{ module: 'orders' }], admin: () => this.admin })
  }

  async start({ hosted, handlers = {}, limits = {} }: ServiceOptions): Promise<Service> {
    const connection = await connected(this.nats)
    const events = createBrokerEvents({ connection, logger: createLogger({ level: 'silent' }), app, accounts: false })
    const logged: Logged[] = []
    const log = (level: string) => (fields: object, message: string) =>
      void logged.push({ level, fields: fields as Record<string, unknown>, message })
    const service = { connection, logged, sourceAnswers: true, beforePublish: async () => undefined } as unknown as {
      -readonly [Key in keyof Service]: Service[Key]
    }
    const serves = hosted.includes('orders')
    service.process = await this.space.start({
      plans: hosted.filter((module) => module !== 'orders').map((module) => plan(module)),
      hosted,
      handlers,
      limits: { ...quick, ...limits },
      logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      ...(serves
        ? { stream: () => gated(events.stream('orders'), () => service.beforePublish()) }
        : { source: () => ({ ...this.#asked(service), stream: events.source('orders') }) }),
    })
    if (serves) this.#source.log ??= service.process.store.module('orders').log
    onTestFinished(() => connection.close())
    return service
  }

  /** The log as requests to the source reach it. */
  #asked(service: Pick<Service, 'sourceAnswers'>): SourceLog {
    const log = (): SourceLog => {
      if (!service.sourceAnswers || !this.#source.log) throw banyanError('unavailable', { what: 'orders' })
      return this.#source.log
    }
    return {
      heads: async () => log().heads(),
      read: async (...parameters) => log().read(...parameters),
      positionsBefore: async (at) => log().positionsBefore(at),
      register: async (...parameters) => log().register(...parameters),
    }
  }

  /** Waits until the module has handled every event of the log. */
  async caughtUp(module: string): Promise<void> {
    await until(async () => {
      const [{ count: handled } = {}] = await this.space.rows(`select count(*)::int from ${module}.effects`)
      const [{ count: published } = {}] = await this.space.rows('select count(*)::int from orders.banyan_log')
      return handled === published
    })
  }
}

export function relayOf({ process }: Service): { state: string; reason?: string; behind: number } | undefined {
  return process.delivery.status().get('orders')?.relay
}

export function metric({ process }: Service, name: string): number {
  const found = process.delivery.metrics().find((one) => one.name === name)
  return (found?.samples ?? []).reduce((sum, sample) => sum + sample.value, 0)
}

const keyCount = 50
const aheadMost = 200

/**
 * Publishes commits of twenty events one after the other until told to stop, never far ahead of the subscriber; gives back
 * how to stop it.
 */
export function publishing(service: Service, subscriber: Service): () => Promise<number> {
  let over = false
  let serial = 0
  const done = (async () => {
    while (!over) {
      await service.process.publish(Array.from({ length: 20 }, () => `k${serial++ % keyCount}`))
      while (!over && serial - metric(subscriber, 'banyan_events_handled_total') > aheadMost)
        await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return serial
  })()
  const stop = (): Promise<number> => {
    over = true
    return done
  }
  onTestFinished(() => void stop())
  return stop
}

export async function connected(nats: NatsServer): Promise<NatsConnection> {
  return connect({ servers: nats.url, noAsyncTraces: true, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
}

function gated(stream: EventStream, before: () => Promise<void>): EventStream {
  return {
    state: () => stream.state(),
    ends: () => stream.ends(),
    purge: () => stream.purge(),
    ring: () => stream.ring(),
    rung: (listener) => stream.rung(listener),
    publish: async (...parameters) => {
      await before()
      return stream.publish(...parameters)
    },
  }
}

export type { SourceStream }
