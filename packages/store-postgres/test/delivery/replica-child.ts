import { createAmbient } from '@banyan/ambient'
import { defaultDeliveryLimits, type LaneShare } from '@banyan/runtime'
import { createPostgresStore } from '@banyan/store-postgres'
import { modules, plan, testProcess } from './process.js'

/**
 * A replica of the service of billing, which hears from its parent which one it is, and to stop. Argument: the connection
 * as JSON. It keeps the times of a replica in production.
 */
const [connection = '{}'] = process.argv.slice(2)
const store = createPostgresStore({ app: 'market', connection: JSON.parse(connection), ambient: createAmbient() })
await store.open(modules)
let share: LaneShare = { index: -1, count: 0 }
let changed = (): void => undefined
const { acquireMs, unclaimedMs, reconcileMs } = defaultDeliveryLimits
const { delivery } = testProcess({
  store,
  plans: [plan('billing')],
  limits: { acquireMs, unclaimedMs, reconcileMs },
  share: () => share,
  onShareChange(listener) {
    changed = listener
    return () => undefined
  },
})

async function stop(): Promise<void> {
  await delivery.stop(2_000)
  await store.close(1_000)
  process.exit(0)
}

process.on('message', (message: LaneShare | 'stop') => {
  if (message === 'stop') return void stop()
  share = message
  changed()
})
await delivery.start()
process.send?.('started')
