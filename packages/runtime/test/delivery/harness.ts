import { createDrivenClock, createSeededAmbient, type DrivenClock } from '@banyan/ambient'
import type { Envelope, Outcome } from '../../src/call/envelope.js'
import { createDelivery, type Delivery } from '../../src/delivery/delivery.js'
import type { DeliveryLimits, DeliveryOptions } from '../../src/delivery/options.js'
import type { Effects, SubscriptionPlan } from '../../src/delivery/ports.js'
import type { LogEvent, ModuleStore, NewEvent } from '../../src/ports/store.js'
import { FakeModule, type FakeUnit, fakeStore } from './fake-store.js'

export const nothing: Effects = { events: [], jobs: [] }

export type Handler = (event: LogEvent, unit: FakeUnit, signal: AbortSignal) => Promise<Effects> | Effects

export interface Harness {
  readonly clock: DrivenClock
  readonly modules: Record<'orders' | 'billing' | 'mail', FakeModule>
  readonly delivery: Delivery
  readonly logged: { level: string; fields: Record<string, unknown>; message: string }[]
  /** Handlers by subscribing module; the default notes key and position. */
  readonly handlers: Record<string, Handler>
  calls: (envelope: Envelope, signal: AbortSignal) => Promise<Outcome>
  isHopeless: (error: unknown) => boolean
  reached: (point: string, details?: Readonly<Record<string, unknown>>) => void | Promise<void>
  /** Commits events to the log of orders, and hands them over unless told not to. */
  publish(events: readonly { key: string; type?: string; lane?: number }[], handOver?: boolean): LogEvent[]
  /** The store of a module, as this process has it. */
  source(module: string): ModuleStore
  /** Another process on the same modules. */
  another(owner: string, over?: Partial<DeliveryOptions>): Delivery
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

export function laneOfKey(key: string): number {
  return [...key].reduce((sum, character) => sum + (character.codePointAt(0) as number), 0) % 64
}

export const note: Handler = (event, unit) => {
  unit.note(`${event.key}@${event.position}`)
  return nothing
}

export function harness(plans: readonly SubscriptionPlan[], limits: Partial<DeliveryLimits> = {}): Harness {
  const clock = createDrivenClock(Date.UTC(2026, 0, 1))
  const modules = { orders: new FakeModule(), billing: new FakeModule(), mail: new FakeModule() }
  const logged: Harness['logged'] = []
  const log = (level: string) => (fields: object, message: string) =>
    void logged.push({ level, fields: fields as Record<string, unknown>, message })
  const ambient = createSeededAmbient(7, { ...clock, reached: (point, details) => result.reached(point, details) })
  const quick: Partial<DeliveryLimits> = {
    infrastructureBackoff: { baseMs: 1, capMs: 4 },
    pollMs: 20,
    acquireMs: 10,
    renewMs: 10,
    reconcileMs: 20,
    ...limits,
  }
  const make = (owner: string, over: Partial<DeliveryOptions> = {}): Delivery =>
    createDelivery({
      app: 'test',
      ambient,
      store: fakeStore(modules, owner),
      logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      plans,
      hosted: Object.keys(modules),
      events: {
        handle: async (module, _key, event, unit, signal) =>
          (result.handlers[module] ?? note)(event, unit as FakeUnit, signal),
      },
      jobs: { call: (envelope, signal) => result.calls(envelope, signal) },
      limits: quick,
      isHopeless: (error) => result.isHopeless(error),
      ...over,
    })
  let serial = 0
  const result: Harness = {
    clock,
    modules,
    logged,
    handlers: {},
    calls: async () => ({ ok: true, value: null }),
    isHopeless: () => false,
    reached: () => undefined,
    delivery: make('this process'),
    another: make,
    source: (module) => fakeStore(modules).module(module),
    publish(events, handOver = true) {
      const stored = modules.orders.append(events.map((event) => newEvent(event, `event-${serial++}`, clock.now())))
      if (handOver) result.delivery.committed('orders', stored, [])
      return stored
    },
  }
  return result
}

export function newEvent(event: { key: string; type?: string; lane?: number }, id: string, at: number): NewEvent {
  const { key, type = 'placed', lane = laneOfKey(key) } = event
  return { id, lane, key, type, version: 1, data: JSON.stringify({ id }), at, context: '{"correlationId":"c"}' }
}

/** Waits until the condition holds, turn by turn of the event loop. */
export async function until(condition: () => boolean, turns = 20_000): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (condition()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`it did not come about: ${condition}`)
}

export const keys = (count: number): { key: string }[] =>
  Array.from({ length: count }, (_, index) => ({ key: `k${index % 17}` }))

/** Whether notes of key and position came in the order of positions per key. */
export function inOrderPerKey(effects: readonly string[]): boolean {
  const last = new Map<string, number>()
  for (const effect of effects) {
    const [key, position] = effect.split('@') as [string, string]
    if (Number(position) <= (last.get(key) ?? 0)) return false
    last.set(key, Number(position))
  }
  return true
}

/** A harness whose subscriptions run. */
export async function started(...parameters: Parameters<typeof harness>): Promise<Harness> {
  const made = harness(...parameters)
  await made.delivery.start()
  await until(() =>
    [...made.delivery.status().values()].every((one) => one.subscriptions.every((each) => each.state === 'running')),
  )
  return made
}
