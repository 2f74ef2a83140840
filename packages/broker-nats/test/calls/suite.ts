import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { type NatsServer, startNatsServer } from '../../src/index.js'
import { type Process, type ProcessOptions, startProcess } from './processes.js'
import { bench } from './shop.js'

export interface Suite {
  readonly server: NatsServer
  /** Another for every test, so that none hears the processes of another. */
  readonly app: string
  start(options: Partial<ProcessOptions> & Pick<ProcessOptions, 'service'>): Promise<Process>
  /** The test ends it by itself. */
  forget(process: Process): void
}

/** Tests over one real server; what they start is stopped after each. */
export function meshSuite(name: string, body: (suite: Suite) => void, config?: string): void {
  withNats.describe(name, () => {
    let server: NatsServer
    let count = 0
    const running = new Set<Process>()
    const prefix = name.replace(/\W/g, '').slice(0, 12)
    let folder = ''
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'bn-'))
      server = await startNatsServer({
        folder,
        ...(config === undefined ? {} : { config }),
      })
    })
    afterAll(async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    beforeEach(() => void count++)
    afterEach(async () => {
      await Promise.all([...running].map((process) => process.stop()))
      running.clear()
    })
    body({
      get server() {
        return server
      },
      get app() {
        return `${prefix}${count}`
      },
      async start(options) {
        const process = await startProcess({ url: server.url, app: this.app, on: bench('one'), ...options })
        running.add(process)
        return process
      },
      forget: (process) => void running.delete(process),
    })
  })
}

/** Resolves when the condition holds; the test's own time limit ends the wait. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 10))
}
