import { contract } from '@banyan/contract'
import { type App, defineApp, defineModule } from '@banyan/module'
import type { Topology } from '@banyan/placement'
import { z } from 'zod'

const text = z.object({ text: z.string() })
const anything = z.object({ value: z.json() })

const stockShape = {
  name: 'stock',
  commands: {
    add: { input: z.object({ sku: z.string() }), output: z.object({ times: z.number() }) },
    take: {
      input: z.object({ sku: z.string() }),
      errors: { outOfStock: { status: 409, message: 'No {sku} left', details: z.object({ sku: z.string() }) } },
    },
    hold: { input: z.object({ key: z.string() }), output: text },
    nested: { input: z.object({}) },
  },
  queries: {
    level: { input: text, output: text },
    echo: { input: anything, output: anything },
    fill: { input: z.object({ length: z.number() }), output: text },
    wait: { input: z.object({ key: z.string() }), output: text },
    who: { input: z.object({}), output: z.object({ caller: z.string().nullable(), subject: z.string().nullable() }) },
    version: { output: text },
  },
} as const

export const stockContract = contract({ ...stockShape, version: '1.2.0' })

/** What the handlers of a process do and note. */
export interface Bench {
  readonly name: string
  readonly handled: string[]
  /** Resolves when a handler waits under the key. */
  reached(key: string): Promise<void>
  release(key: string): void
  readonly cancelled: string[]
}

export function bench(name: string): Bench & { wait(key: string, signal: AbortSignal): Promise<void> } {
  const gates = new Map<
    string,
    { reached: () => void; isReached: Promise<void>; open: () => void; opened: Promise<void> }
  >()
  const gate = (key: string) => {
    let found = gates.get(key)
    if (!found) {
      let reached = (): void => undefined
      let open = (): void => undefined
      const isReached = new Promise<void>((resolve) => {
        reached = resolve
      })
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      found = { reached, isReached, open, opened }
      gates.set(key, found)
    }
    return found
  }
  const cancelled: string[] = []
  return {
    name,
    handled: [],
    cancelled,
    reached: (key) => gate(key).isReached,
    release: (key) => gate(key).open(),
    wait: async (key, signal) => {
      const { reached, opened } = gate(key)
      signal.addEventListener('abort', () => cancelled.push(key))
      reached()
      await opened
    },
  }
}

export const counts = new Map<string, number>()

export function shopApp(on: ReturnType<typeof bench>, version = '1.2.0'): App {
  const stock = version === '1.2.0' ? stockContract : contract({ ...stockShape, version })
  const stockModule = defineModule(stock, {
    limits: { concurrency: 1_000, queue: 1_000 },
    commands: {
      add: ({ sku }) => {
        on.handled.push(sku)
        counts.set(sku, (counts.get(sku) ?? 0) + 1)
        return { times: counts.get(sku) as number }
      },
      take: ({ sku }, { fail }) => {
        throw fail.outOfStock({ sku })
      },
      hold: async ({ key }, { signal }) => {
        await on.wait(key, signal)
        return { text: key }
      },
      nested: () => undefined,
    },
    queries: {
      level: ({ text }) => {
        on.handled.push(text)
        return { text: `${text} at ${on.name}` }
      },
      echo: ({ value }) => ({ value }),
      fill: ({ length }) => ({ text: 'x'.repeat(length) }),
      wait: async ({ key }, { signal }) => {
        await on.wait(key, signal)
        return { text: key }
      },
      who: (_, { caller, identity }) => ({ caller: caller ?? null, subject: identity?.subject ?? null }),
      version: () => ({ text: version }),
    },
    routes: {
      'GET /stock/endless': {
        access: 'public',
        handler: () =>
          new Response(
            new ReadableStream({
              start: (stream) => stream.enqueue(Buffer.from('first')),
              cancel: () => void on.cancelled.push('endless'),
            }),
          ),
      },
      'POST /stock/upload': {
        access: 'public',
        handler: async (request) =>
          new Response(`${request.headers.get('x-name')}: ${(await request.arrayBuffer()).byteLength}`, {
            status: 201,
            headers: { 'x-from': on.name },
          }),
      },
    },
  })
  const orders = contract({
    name: 'orders',
    version: '1.0.0',
    commands: { place: { input: z.object({ sku: z.string() }), output: z.object({ times: z.number() }) } },
    queries: { ask: { input: text, output: text }, leave: { input: z.object({ key: z.string() }) } },
  })
  const ordersModule = defineModule(orders, {
    uses: { stock },
    commands: { place: ({ sku }, { call }) => call.stock.add({ sku }) },
    queries: {
      ask: (input, { call }) => call.stock.level(input),
      leave: async ({ key }, { call }) => {
        await Promise.race([call.stock.wait({ key }), on.wait(`${key} left`, new AbortController().signal)])
      },
    },
  })
  return defineApp({ name: 'shop', modules: [stockModule, ordersModule] })
}

export const topologyNamed = (app: string): Topology => ({
  app,
  services: [
    { name: 'stocks', modules: ['stock'], replicas: 2, gateway: false },
    { name: 'sales', modules: ['orders'], replicas: 1, gateway: false },
    { name: 'front', modules: [], replicas: 1, gateway: true },
  ],
})
