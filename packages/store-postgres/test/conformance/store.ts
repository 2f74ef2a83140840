import { afterAll, beforeAll } from 'vitest'
import { budgetConformance } from './budget.js'
import { commandConformance } from './commands.js'
import { jobConformance } from './dead-letters.js'
import { faultConformance } from './faults.js'
import { isolationConformance } from './isolation.js'
import { logConformance } from './log.js'
import { loginConformance } from './logins.js'
import { raceConformance } from './race.js'
import type { TestServer } from './server.js'
import { streamConformance } from './streams.js'
import { subscriptionConformance } from './subscriptions.js'
import { unitConformance } from './unit.js'

/** What every store must keep, whichever server it runs on. */
export function storeConformance(start: () => Promise<TestServer>): void {
  let server: TestServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server?.stop())
  const running = (): TestServer => server
  unitConformance(running)
  commandConformance(running)
  budgetConformance(running)
  logConformance(running)
  streamConformance(running)
  subscriptionConformance(running)
  jobConformance(running)
  isolationConformance(running)
  loginConformance(running)
  faultConformance(running)
  raceConformance(running)
}
