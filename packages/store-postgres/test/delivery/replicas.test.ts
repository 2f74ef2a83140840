import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { plan, testProcess } from './process.js'
import { type DeliverySpace, until, withServer } from './server.js'

const child = fileURLToPath(new URL('./replica-child.ts', import.meta.url))
const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`)

/** Processes of one service, and the directory that tells each of them which one it is. */
class Service {
  readonly #space: DeliverySpace
  #listed: ChildProcess[] = []

  constructor(space: DeliverySpace) {
    this.#space = space
  }

  async join(): Promise<ChildProcess> {
    const options = ['--conditions=banyan-source', '--import', '@oxc-node/core/register', child]
    const replica = spawn(process.execPath, [...options, JSON.stringify(this.#space.connection)], {
      stdio: ['ignore', 2, 2, 'ipc'],
    })
    onTestFinished(() => void replica.kill('SIGKILL'))
    await once(replica, 'message')
    this.list([...this.#listed, replica])
    return replica
  }

  /** In order: it gives back what it holds, and the others hear of it. */
  async leave(replica: ChildProcess): Promise<void> {
    replica.send('stop')
    expect(await once(replica, 'exit')).toEqual([0, null])
    this.forget(replica)
  }

  /** The directory stops listing it. */
  forget(replica: ChildProcess): void {
    this.list(this.#listed.filter((one) => one !== replica))
  }

  list(replicas: ChildProcess[]): void {
    this.#listed = replicas
    for (const [index, one] of replicas.entries()) one.send({ index, count: replicas.length })
  }

  /** How many blocks each process holds, most first. */
  async loads(): Promise<number[]> {
    const rows = await this.#space.rows(
      `select count(*)::int as blocks
       from billing.banyan_leases l
       join pg_stat_activity a on a.pid = l.owner_pid and a.backend_start = l.owner_started
       where l.name = 'sub:on:orders' group by l.owner_pid order by 1 desc`,
    )
    return rows.map(({ blocks }) => blocks)
  }

  async hasLoads(...loads: number[]): Promise<void> {
    await until(async () => JSON.stringify(await this.loads()) === JSON.stringify(loads))
  }
}

describe('lanes over the replicas of a service', () => {
  const newSpace = withServer()

  test('P5 are spread evenly, and handed over when one joins, leaves, or is killed: each event once', async () => {
    const space = await newSpace()
    const publisher = testProcess({ store: await space.open(), plans: [plan('billing')] })
    let over = false
    const publishing = (async () => {
      for (let round = 0; !over; round++) {
        const chosen = Array.from({ length: 4 }, (_, step) => keys[(round * 7 + step * 11) % keys.length] as string)
        await publisher.publish(chosen, false)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    /** What is published from now on is handled, whichever lane it is in. */
    const allServed = async (): Promise<void> => {
      const ids = (await publisher.publish(keys, false)).map(({ id }) => id)
      const handled = 'select count(*)::int as count from billing.effects where event = any ($1)'
      await until(async () => (await space.rows(handled, [ids]))[0]?.count === ids.length)
    }
    const service = new Service(space)
    await service.join()
    await service.hasLoads(8)
    const second = await service.join()
    await service.hasLoads(4, 4)
    await allServed()
    const third = await service.join()
    await service.hasLoads(3, 3, 2)
    await allServed()
    await service.leave(second)
    await service.hasLoads(4, 4)
    await allServed()
    // The directory goes on listing it for a while: the other takes what stays free.
    third.kill('SIGKILL')
    await service.hasLoads(8)
    await allServed()
    service.forget(third)
    await service.join()
    await service.hasLoads(4, 4)
    over = true
    await publishing
    await allServed()
    await space.expectExactlyOnce('billing')
  }, 120_000)
})
