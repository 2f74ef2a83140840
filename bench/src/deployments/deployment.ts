import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { percentile } from '../harness/statistics.js'
import type { Measurement } from '../harness/types.js'
import { memoryOf } from '../start/processes.js'
import { answer } from '../support/answer.js'
import { sampleOrders } from '../support/order.js'
import { checkoutPath, type ServiceName } from './contracts.js'
import type { CheckoutLoad, CheckoutReport } from './load-process.js'
import type { DatabaseAddress, ProcessPlan, ProcessReport } from './process.js'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const detail = {
  p99: 'p99 ms',
  calls: 'calls p50 ms',
  callsP99: 'calls p99 ms',
  processor: 'CPU s/1,000',
  rate: 'checkouts/s',
} as const

const bodies = sampleOrders(64).map(({ customerId, lines }) =>
  JSON.stringify({ customerId, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })) }),
)

export interface LoadProcess {
  run(load: CheckoutLoad): Promise<CheckoutReport>
  stop(): void
}

export function startLoad(): LoadProcess {
  const child = fork(file('./load-process.js'))
  return {
    run(load) {
      child.send(load)
      return answer<CheckoutReport>(child)
    },
    stop: () => void child.kill(),
  }
}

/** The processes of one way to run the shop. */
export class Deployment {
  readonly #children: ChildProcess[] = []
  #url = ''

  async #start(plan: ProcessPlan): Promise<string> {
    const env = { ...process.env, NODE_ENV: 'production' }
    const child = fork(file('./service-process.js'), [JSON.stringify(plan)], { env })
    this.#children.push(child)
    this.#url = await answer<string>(child)
    return this.#url
  }

  async startOneProcess(database: DatabaseAddress | undefined): Promise<void> {
    await this.#start({ kind: 'one', database })
  }

  /** Those that are called are there before the one that calls. */
  async startServices(database: DatabaseAddress | undefined, natsUrl: string): Promise<void> {
    for (const service of ['catalog', 'inventory', 'payments', 'orders'] as const)
      await this.#start({ kind: 'service', service, natsUrl, database })
  }

  /** The service that is asked from outside starts last, when it can be told where the others are. */
  async startPlain(database: DatabaseAddress | undefined, keepsIds = false): Promise<void> {
    const urls: Partial<Record<ServiceName, string>> = {}
    for (const service of ['catalog', 'inventory', 'payments'] as const)
      urls[service] = await this.#start({ kind: 'plain', service, urls: {}, database, keepsIds })
    await this.#start({ kind: 'plain', service: 'orders', urls, database, keepsIds })
  }

  async #reports(): Promise<ProcessReport[]> {
    return Promise.all(
      this.#children.map((child) => {
        child.send('report')
        return answer<ProcessReport>(child)
      }),
    )
  }

  async measure(load: LoadProcess, how: CheckoutLoad['how'], ms: number): Promise<Measurement> {
    const before = await this.#reports()
    const { checkouts, perSecond, p50Ms, p99Ms } = await load.run({
      url: this.#url,
      path: checkoutPath,
      bodies,
      how,
      ms,
    })
    const after = await this.#reports()
    const waits = after.flatMap((one) => one.waits)
    const used = sumOf(after) - sumOf(before)
    return {
      value: p50Ms,
      details: {
        [detail.p99]: p99Ms,
        [detail.calls]: percentile(waits, 0.5),
        [detail.callsP99]: percentile(waits, 0.99),
        // Microseconds of a checkout are milliseconds of a thousand.
        [detail.processor]: used / checkouts / 1_000,
        [detail.rate]: perSecond,
      },
    }
  }

  /** Of all processes, megabytes. */
  memory(): number {
    return this.#children.reduce((sum, { pid }) => sum + (memoryOf(pid as number)?.pssMegabytes ?? 0), 0)
  }

  stop(): void {
    for (const child of this.#children) child.kill()
  }
}

const sumOf = (reports: readonly ProcessReport[]): number =>
  reports.reduce((sum, { processorTime }) => sum + processorTime, 0)
