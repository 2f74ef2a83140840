import { audit, logs, settled, transfersOf } from './audit.js'
import { Load } from './load.js'
import type { World } from './world.js'

/** How far a fault got, in what a reader of the log wants to know. Times are told, never asserted. */
export interface Fault {
  /** For the log. */
  readonly name: string
  /** Resolves when the fault is over: from then on recovery counts. */
  readonly happens: (load: Load) => Promise<void>
}

/** So much is done before the fault. */
const before = 60

/**
 * Lets a fault happen under load, waits until every worker gets transfers done that began after it, stops the load, waits
 * until every event has been handled, and audits the books.
 */
export async function underFault(world: World, { name, happens }: Fault): Promise<Load> {
  const { ambient } = world
  const earlier = await transfersOf(world)
  const load = new Load(world.gateway.runtime, ambient, () => world.chance())
  try {
    await load.progress(before)
    const began = ambient.monotonic()
    await happens(load)
    const over = ambient.monotonic()
    await load.flowing()
    const flows = ambient.monotonic()
    await load.stop()
    await settled(world)
    const settledAt = ambient.monotonic()
    await audit(world, earlier + load.done)
    const seconds = (from: number, to: number): string => `${((to - from) / 1_000).toFixed(1)} s`
    const failures = [...load.failures].map(([code, count]) => `${count} ${code}`).join(', ') || 'none'
    console.log(
      `fault: ${name}: lasted ${seconds(began, over)}; calls after ${seconds(over, flows)}, ` +
        `all events handled after ${seconds(over, settledAt)}; ${load.done} transfers, answers to ask again: ${failures}`,
    )
    return load
  } catch (error) {
    console.log(`${name} failed; what every process said last:\n${logs(world)}`)
    throw error
  } finally {
    await load.stop().catch(() => undefined) // told by whoever waited for it
  }
}
