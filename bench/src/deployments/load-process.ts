import { Pool } from 'undici'
import { percentile } from '../harness/statistics.js'

/**
 * The load, in a process of its own, so that what it costs is not what is measured. It waits for answers as any client
 * does: a load that never sleeps would take a core from the services.
 */
export interface CheckoutLoad {
  readonly url: string
  readonly path: string
  readonly bodies: readonly string[]
  /** So many at once, each followed by the next; or so many a second, whatever is answered. */
  readonly how: { readonly inFlight: number } | { readonly perSecond: number }
  readonly ms: number
}

export interface CheckoutReport {
  readonly checkouts: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const pools = new Map<string, Pool>()
const headers = { 'content-type': 'application/json' }

function poolOf(url: string): Pool {
  const pool = pools.get(url) ?? new Pool(url)
  pools.set(url, pool)
  return pool
}

async function run({ url, path, bodies, how, ms }: CheckoutLoad): Promise<CheckoutReport> {
  const pool = poolOf(url)
  const latencies: number[] = []
  const begunAt = performance.now()
  let next = 0
  const send = async (): Promise<void> => {
    const sentAt = performance.now()
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path,
      headers,
      body: bodies[next++ % bodies.length] as string,
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}: ${text}`)
    latencies.push(performance.now() - sentAt)
  }
  const isOver = (): boolean => performance.now() - begunAt >= ms
  if ('inFlight' in how) await keepInFlight(how.inFlight, send, isOver)
  else await sendAtRate(how.perSecond, send, isOver)
  return {
    checkouts: latencies.length,
    perSecond: latencies.length / ((performance.now() - begunAt) / 1_000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  }
}

async function keepInFlight(count: number, send: () => Promise<void>, isOver: () => boolean): Promise<void> {
  const one = async (): Promise<void> => {
    while (!isOver()) await send()
  }
  await Promise.all(Array.from({ length: count }, one))
}

async function sendAtRate(perSecond: number, send: () => Promise<void>, isOver: () => boolean): Promise<void> {
  const sent: Promise<void>[] = []
  const begunAt = performance.now()
  while (!isOver()) {
    const due = Math.floor(((performance.now() - begunAt) / 1_000) * perSecond) + 1
    while (sent.length < due) sent.push(send())
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(sent)
}

process.on('disconnect', () => process.exit(0))
process.on('message', (load: CheckoutLoad) => void run(load).then((report) => process.send?.(report)))
