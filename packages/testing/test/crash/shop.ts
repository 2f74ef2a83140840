import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { attachEmbedded } from '@banyan/store-postgres'
import pg from 'pg'
import { expect } from 'vitest'
import { newId } from '../shop/open.js'

const program = fileURLToPath(new URL('./shop-process.ts', import.meta.url))

interface Answer {
  readonly ready?: number
  readonly settled?: boolean
  readonly id?: string
  readonly ok?: boolean
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean }
}

/** One life of the shop, from its start to its end, whichever way that comes. */
export class Shop {
  readonly #child: ChildProcess
  readonly #waiting = new Map<string, (answer: Answer | undefined) => void>()
  /** The signal or the exit code. */
  readonly ended: Promise<string>
  alive = true

  constructor(dataDir: string, crash?: { point: string; pass: number }) {
    const options = ['--conditions=banyan-source', '--import', '@oxc-node/core/register', program, dataDir]
    this.#child = spawn(process.execPath, options, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...(crash ? { CRASH_AT: crash.point, CRASH_PASS: String(crash.pass) } : {}) },
    })
    // What is written to a process that was killed is lost, as on a network.
    this.#child.stdin?.on('error', () => undefined)
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer
      this.#answer(answer.ready ? 'ready' : answer.settled ? 'settled' : (answer.id as string), answer)
    })
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => {
        this.alive = false
        for (const key of [...this.#waiting.keys()]) this.#answer(key, undefined)
        resolve(signal ?? `exit ${code}`)
      }),
    )
  }

  #answer(key: string, answer: Answer | undefined): void {
    this.#waiting.get(key)?.(answer)
    this.#waiting.delete(key)
  }

  /** The answer; undefined when the process ended before it. */
  #ask(key: string, line?: string): Promise<Answer | undefined> {
    if (!this.alive) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#waiting.set(key, resolve)
      if (line !== undefined) this.#child.stdin?.write(`${line}\n`)
    })
  }

  /** Process id of the database server. */
  async ready(): Promise<number | undefined> {
    return (await this.#ask('ready'))?.ready
  }

  async serverPid(): Promise<number> {
    return (await this.#ask('ready', 'pid'))?.ready ?? 0
  }

  place(id: string, input: object): Promise<Answer | undefined> {
    return this.#ask(id, JSON.stringify({ id, module: 'orders', operation: 'place', input }))
  }

  async settle(): Promise<boolean> {
    return (await this.#ask('settled', 'settle'))?.settled === true
  }

  async stop(): Promise<void> {
    if (this.alive) this.#child.stdin?.write('stop\n')
    await this.ended
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}

/** A data folder, and what is asked of the shop over all its lives. */
export class Customer {
  readonly dataDir: string
  readonly #folder: string
  readonly name: string
  readonly #ids: string[]
  readonly acknowledged = new Set<string>()

  constructor(name: string, orders: number, folder: string) {
    this.name = name
    this.#folder = folder
    this.dataDir = join(folder, 'data')
    this.#ids = Array.from({ length: orders }, newId)
  }

  /** Asks for every order that is not acknowledged, a few at a time, until all are or the shop has ended. */
  async order(shop: Shop): Promise<void> {
    const open = this.#ids.filter((id) => !this.acknowledged.has(id))
    const work = async (): Promise<void> => {
      for (let id = open.shift(); id !== undefined && shop.alive; id = open.shift()) {
        const index = this.#ids.indexOf(id)
        const input = { customer: this.name, sku: `sku-${(index % 5) + 1}`, quantity: (index % 3) + 1 }
        const answer = await shop.place(id, input)
        if (answer?.ok) this.acknowledged.add(id)
        else if (answer && !answer.error?.retryable) throw new Error(answer.error?.message)
        else if (answer) {
          await new Promise((resolve) => setTimeout(resolve, 10))
          open.push(id)
        }
      }
    }
    await Promise.all(Array.from({ length: 4 }, work))
  }

  /** P3, P4, P5: of each order everything is there once, in order, and nothing is left over. */
  async expectExactlyOnce(): Promise<void> {
    expect(this.acknowledged.size).toBe(this.#ids.length)
    const connection = attachEmbedded(this.dataDir)
    const client = new pg.Client(connection)
    await client.connect()
    const rows = async (text: string): Promise<Record<string, unknown>[]> =>
      (await client.query(text.includes('$1') ? { text, values: [this.name] } : text)).rows
    try {
      const mine = `select id from orders.orders where customer = $1`
      expect(await rows(mine)).toHaveLength(this.#ids.length)
      // Each order with one reservation of its quantity, one event, one effect of it, one mail of each kind.
      expect(
        await rows(`select o.id from orders.orders o where customer = $1 and (
          (select count(*) from stock.reservations r where r.order_id = o.id and r.quantity = o.quantity) <> 1
          or (select count(*) from orders.banyan_log l where l.data::json ->> 'orderId' = o.id::text) <> 1
          or (select count(*) from mail.seen s join orders.banyan_log l on l.id = s.event_id where l.data::json ->> 'orderId' = o.id::text) <> 1
          or (select array_agg(kind order by kind) from mail.sent s where s.order_id = o.id) <> array['placed', 'reminder'])`),
      ).toEqual([])
      // Nothing of orders that are not there; levels agree with what was reserved.
      expect(
        await rows(`select * from stock.reservations where order_id not in (select id from orders.orders)`),
      ).toEqual([])
      expect(await rows(`select * from mail.seen where event_id not in (select id from orders.banyan_log)`)).toEqual([])
      expect(
        await rows(`select l.sku from stock.levels l where sku <> 'rare' and available <>
          1000000 - coalesce((select sum(quantity) from stock.reservations r where r.sku = l.sku), 0)`),
      ).toEqual([])
      // Order per key.
      expect(
        await rows(`select * from (select position, lag(position) over (partition by sku order by n) as before from mail.seen) s
          where before >= position`),
      ).toEqual([])
      for (const table of ['mail.banyan_parked', 'mail.banyan_jobs', 'mail.banyan_dead_letters'])
        expect(await rows(`select * from ${table}`)).toEqual([])
    } finally {
      await client.end()
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A folder for a database. Others may pass through it, as through most folders of projects. */
export function newFolder(): string {
  const folder = mkdtempSync('/var/tmp/banyan-test-')
  chmodSync(folder, 0o755)
  return folder
}
