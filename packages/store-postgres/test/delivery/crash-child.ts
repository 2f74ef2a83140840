import { createAmbient } from '@banyan/ambient'
import type { Effects, LogEvent, Unit } from '@banyan/runtime'
import { createPostgresStore } from '@banyan/store-postgres'
import { modules, plan, record, testProcess } from './process.js'

/**
 * A process that handles what is in the log of orders until everything is settled, and kills itself with SIGKILL when it
 * passes the fault point given for the n-th time.
 * Arguments: the connection as JSON, fault point, n.
 */
const [connection = '{}', point = '', passes = '1'] = process.argv.slice(2)
const store = createPostgresStore({ app: 'market', connection: JSON.parse(connection), ambient: createAmbient() })
await store.open(modules)
let passed = 0

function reached(name: string): void {
  if (name === point && ++passed === Number(passes)) process.kill(process.pid, 'SIGKILL')
}

/** Fails keys that begin with `bad` while they are live, and asks for a job with each event. */
async function handle(event: LogEvent, unit: Unit, signal: AbortSignal): Promise<Effects> {
  if (event.key.startsWith('bad') && !('attempts' in event)) throw new Error('not while it is live')
  await record(event, unit, signal)
  const { id, key, position } = event
  const input = JSON.stringify({ id, key, position })
  return {
    events: [],
    jobs: [{ id, module: 'mail', operation: 'send', input, runAt: event.at, context: '{"correlationId":"c"}' }],
  }
}

const { delivery } = testProcess({
  store,
  plans: [plan('billing', { attempts: 8 })],
  handlers: { billing: handle },
  limits: { batchEvents: 4, staleMs: 300, acquireMs: 20 },
  sources: { reached },
  // A command with its outcome recorded, as the dispatcher makes it (P4).
  async call(envelope) {
    const input = envelope.input as { id: string; key: string; position: number }
    const unit = store.module('mail').unit({ command: { id: envelope.id, inputHash: 'h' } })
    const values = [input.id, 'billing', input.key, input.position]
    try {
      await unit.query({ text: 'insert into effects (event, source, key, position) values ($1, $2, $3, $4)', values })
      await unit.commit({ outcome: { outcome: '{"ok":true}', at: Date.now() } })
    } catch (error) {
      await unit.rollback()
      if (!unit.recorded) throw error
    }
    return { ok: true, value: null }
  },
})
await delivery.start()
for (;;) {
  const { parkedForLater } = await delivery.settled(60_000)
  if (parkedForLater === 0) break
  await new Promise((resolve) => setTimeout(resolve, 20))
}
await delivery.stop(2_000)
await store.close(1_000)
process.exit(0)
