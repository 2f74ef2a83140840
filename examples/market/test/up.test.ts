import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { removeEmbedded } from '@banyan/store-postgres'
import { afterAll, beforeAll, expect, vi } from 'vitest'
import { withNats } from '../../../tools/vitest/with-nats.js'
import { marketFolder } from './support/open-market.js'
import { isAlive, Running } from './support/processes.js'

// Nine processes start from their sources, on whatever machine this is.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const banyan = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url))
const folder = join(marketFolder, '.banyan', `test-up-${process.pid}`)
const environment = { PORT: '0', BANYAN_DATA: join(folder, 'data'), LOG_LEVEL: 'warn' }
const command = (...words: string[]): Running =>
  new Running(banyan, [...words, '--config', join(folder, 'banyan.config.ts')], environment)

interface Instance {
  readonly service: string
  readonly pid: number
  readonly state: string
}

let up: Running
let url: string

/** The processes, as `banyan services` tells. */
async function services(): Promise<Instance[]> {
  const { code, output } = await command('services', '--json').ended
  expect(code, output).toBe(0)
  return JSON.parse(output)
}

const pidsOf = (all: readonly Instance[], service: string): number[] =>
  all.filter((one) => one.service === service).map(({ pid }) => pid)

async function eventually<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await look()
    if (found !== undefined) return found
    await wait(100)
  }
  throw new Error(`${what} did not come:\n${up.output.slice(-8_000)}`)
}

function send(method: string, path: string, body: unknown, key?: string): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    // Each request over a connection of its own, as from clients that do not know each other.
    connection: 'close',
    ...(key === undefined ? {} : { 'idempotency-key': `"${key}"` }),
  }
  return fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
}

const order = (quantity: number) => ({
  customerId: 'ada',
  country: 'Ireland',
  lines: [{ sku: 'MUG', quantity, unitPriceMinor: 850 }],
  paymentMethod: 'card',
})

/** Orders, one after the other, until it is told to stop; gives what was answered otherwise than with success. */
function traffic(name: string): () => Promise<{ readonly sent: number; readonly failed: readonly string[] }> {
  let stopped = false
  let sent = 0
  const failed: string[] = []
  const work = async (worker: number): Promise<void> => {
    while (!stopped) {
      const key = `${name}-${worker}-${sent++}`
      try {
        const answer = await send('POST', '/orders', order(1), key)
        if (!answer.ok) failed.push(`${answer.status} ${await answer.text()}`)
        else await answer.arrayBuffer()
      } catch (error) {
        failed.push(String((error as Error).cause ?? error))
      }
    }
  }
  const all = Promise.all([1, 2, 3, 4].map(work))
  return async () => {
    stopped = true
    await all
    return { sent, failed }
  }
}

withNats.describe('the market as six services', () => {
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true })
    symlinkSync(join(marketFolder, 'src'), join(folder, 'src'))
    writeFileSync(join(folder, 'banyan.config.ts'), "export { default } from '../../banyan.config.js'\n")
    up = command('up')
    url = await eventually(async () => {
      if (up.child.exitCode !== null) throw new Error(`it ended:\n${up.output}`)
      return /gateway\/1 +ready.*(http:\S+)/.exec(up.output)?.[1]
    }, 'the gateway')
    const products = [{ sku: 'MUG', name: 'Blue mug', priceMinor: 850 }]
    await eventually(
      async () => ((await send('POST', '/products/batch', { products }, 'products')).ok ? true : undefined),
      'the catalogue',
    )
    const stock = { lines: [{ sku: 'MUG', quantity: 100_000 }] }
    await eventually(
      async () => ((await send('POST', '/stock/receipts', stock, 'stock')).ok ? true : undefined),
      'stock',
    )
  })
  afterAll(async () => {
    const { code } = await up.kill('SIGINT')
    await removeEmbedded(environment.BANYAN_DATA)
    rmSync(folder, { recursive: true, force: true })
    expect(code).toBe(0)
  })

  withNats.test(
    'an order is paid, packed and told of by services that hear of each other through the broker',
    async () => {
      const placed = await send('POST', '/orders', order(2), 'first')
      expect(placed.status, await placed.clone().text()).toBe(200)
      const { orderId } = (await placed.json()) as { orderId: string }
      await eventually(async () => {
        const { status } = (await (await fetch(`${url}/orders/${orderId}`)).json()) as { status: string }
        return status === 'shipped' ? true : undefined
      }, 'the shipment')
      await eventually(async () => {
        const days = (await (await fetch(`${url}/revenue/countries`)).json()) as { revenueMinor: number }[]
        return days[0]?.revenueMinor === 1_700 ? true : undefined
      }, 'the revenue')
      const all = await services()
      expect(all.map(({ service }) => service).sort()).toEqual([
        'analytics',
        'checkout',
        'checkout',
        'fulfilment',
        'gateway',
        'inventory',
        'payments',
        'storefront',
        'storefront',
      ])
    },
  )

  withNats.test('processes are replaced under traffic without a failed request', async () => {
    const before = await services()
    const stop = traffic('replace')
    for (const service of ['checkout', 'inventory', 'gateway']) {
      const { code, output } = await command('services', 'replace', service).ended
      expect(code, output).toBe(0)
    }
    const { sent, failed } = await stop()
    expect(failed).toEqual([])
    expect(sent).toBeGreaterThan(10)
    const after = await services()
    for (const service of ['checkout', 'inventory', 'gateway']) {
      expect(pidsOf(after, service)).toHaveLength(pidsOf(before, service).length)
      expect(pidsOf(after, service).filter((pid) => pidsOf(before, service).includes(pid))).toEqual([])
    }
  })

  withNats.test('a replica that is killed is started again, and the other one serves meanwhile', async () => {
    const [killed, other] = pidsOf(await services(), 'checkout') as [number, number]
    process.kill(killed, 'SIGKILL')
    await eventually(
      async () => ((await send('POST', '/orders', order(1), 'killed')).ok ? true : undefined),
      'an order',
    )
    expect(isAlive(other)).toBe(true)
    await eventually(async () => {
      const pids = pidsOf(await services(), 'checkout').filter((pid) => pid !== killed)
      return pids.length === 2 ? true : undefined
    }, 'the new replica')
  })
})
