import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { type NatsServer, startNatsServer } from '../../src/index.js'
import { type Process, type ProcessOptions, startProcess } from './processes.js'
import { bench } from './shop.js'

let server: NatsServer
let app = ''
let count = 0
const running = new Set<Process>()

async function begin(options: Partial<ProcessOptions> & Pick<ProcessOptions, 'service'>): Promise<Process> {
  const process = await startProcess({ url: server.url, app, on: bench('one'), ...options })
  running.add(process)
  return process
}

withNats.describe('calls between processes', () => {
  beforeAll(async () => {
    server = await startNatsServer({ folder: mkdtempSync(join(tmpdir(), 'bn-')) })
  })
  afterAll(() => server.stop())
  afterEach(async () => {
    await Promise.all([...running].map((process) => process.stop()))
    running.clear()
  })
  const fresh = (): void => {
    app = `shop${count++}`
  }

  describe('what a caller sees', () => {
    test('a query, a command and a declared error arrive as if the module ran here', async () => {
      fresh()
      await begin({ service: 'stocks' })
      const front = await begin({ service: 'front' })
      expect(await front.call('stock.level', { text: 'apple' })).toEqual({ ok: true, value: { text: 'apple at one' } })
      expect(await front.call('stock.add', { sku: `a${app}` })).toEqual({ ok: true, value: { times: 1 } })
      expect(await front.call('stock.take', { sku: 'pear' })).toMatchObject({
        ok: false,
        error: { code: 'stock.outOfStock', status: 409, details: { sku: 'pear' } },
      })
      expect(await front.call('stock.nested', {})).toEqual({ ok: true, value: undefined })
    })
  })
})
