import { fileURLToPath } from 'node:url'
import { type AmbientSources, createAmbient } from '@banyan/ambient'
import {
  createDelivery,
  type Delivery,
  type DeliveryLimits,
  type DeliveryLogger,
  type DeliveryOptions,
  type Effects,
  type Envelope,
  type LaneSharing,
  type LogEvent,
  laneOf,
  type NewEvent,
  type Outcome,
  type RetentionPolicy,
  type Store,
  type StoreModule,
  type SubscriptionPlan,
  type Unit,
} from '@banyan/runtime'

const migrations = fileURLToPath(new URL('./migrations', import.meta.url))

export const modules: readonly StoreModule[] = ['orders', 'billing', 'mail'].map((name) => ({ name, migrations }))

export const nothing: Effects = { events: [], jobs: [] }

export type Handler = (event: LogEvent, unit: Unit, signal: AbortSignal) => Promise<Effects>

/** One row per handling, and a count per key that shows a lost or doubled effect. */
export const record: Handler = async (event, unit) => {
  await unit.query({
    text: `with counted as (
        insert into counters (key, count, last) values ($3, 1, $4)
        on conflict (key) do update set count = counters.count + 1, last = excluded.last
      )
      insert into effects (event, source, key, position) values ($1, $2, $3, $4)`,
    values: [event.id, 'orders', event.key, event.position],
  })
  return nothing
}

/** The same without the count, which locks a row per key. */
export const recordOnly: Handler = async (event, unit) => {
  await unit.query({
    text: 'insert into effects (event, source, key, position) values ($1, $2, $3, $4)',
    values: [event.id, 'orders', event.key, event.position],
  })
  return nothing
}

export const plan = (module: string, over: Partial<SubscriptionPlan> = {}): SubscriptionPlan => ({
  module,
  key: { subscription: 'on', source: 'orders' },
  from: 'beginning',
  parallel: 1,
  attempts: 3,
  onDead: 'release',
  types: new Set(['placed']),
  ...over,
})

export interface ProcessOptions extends LaneSharing {
  readonly store: Store
  readonly plans: readonly SubscriptionPlan[]
  /** By subscribing module; the default is `record`. */
  readonly handlers?: Record<string, Handler>
  readonly limits?: Partial<DeliveryLimits>
  readonly retention?: Record<string, RetentionPolicy>
  readonly sources?: AmbientSources
  readonly call?: (envelope: Envelope) => Promise<Outcome>
  /** Default: all. */
  readonly hosted?: readonly string[]
  readonly source?: DeliveryOptions['source']
  readonly stream?: DeliveryOptions['stream']
  readonly logger?: DeliveryLogger
}

export interface TestProcess {
  readonly delivery: Delivery
  readonly store: Store
  /** Commits one unit of orders with an event for each key, and hands it over. */
  publish(keys: readonly string[], handOver?: boolean): Promise<NewEvent[]>
}

/** What one process does: a store, a delivery, and publishing. */
export function testProcess(options: ProcessOptions): TestProcess {
  const {
    store,
    plans,
    handlers = {},
    limits,
    retention,
    sources,
    call,
    source,
    stream,
    share,
    onShareChange,
  } = options
  const { hosted = modules.map((module) => module.name) } = options
  const ambient = createAmbient(sources)
  const ignore = (): void => undefined
  const delivery = createDelivery({
    app: 'market',
    ambient,
    store,
    logger: options.logger ?? { debug: ignore, info: ignore, warn: ignore, error: ignore },
    plans,
    hosted,
    events: {
      handle: (module, _key, event, unit, signal) => (handlers[module] ?? record)(event, unit, signal),
    },
    jobs: { call: call ?? (async () => ({ ok: true, value: null })) },
    limits: { attemptBackoff: { baseMs: 20, capMs: 200 }, reconcileMs: 200, acquireMs: 50, ...limits },
    ...(retention ? { retention } : {}),
    ...(share ? { share } : {}),
    ...(onShareChange ? { onShareChange } : {}),
    ...(source ? { source } : {}),
    ...(stream ? { stream } : {}),
  })
  return {
    delivery,
    store,
    async publish(keys, handOver = true) {
      const events = keys.map((key) => event(key, ambient.newId(), ambient.now()))
      const { positions } = await store.module('orders').unit().commit({ events })
      if (handOver)
        delivery.committed(
          'orders',
          events.map((one, index) => ({ ...one, position: positions[index] as number })),
          [],
        )
      return events
    },
  }
}

export function event(key: string, id: string, at: number, type = 'placed'): NewEvent {
  return {
    id,
    lane: laneOf(key),
    key,
    type,
    version: 1,
    data: JSON.stringify({ key }),
    at,
    context: '{"correlationId":"c"}',
  }
}
