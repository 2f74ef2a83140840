import type { Outcome, Runtime } from '@banyan/runtime'
import { eventsPerCommit } from './modules.js'

/** Commits under way at a time. */
export const publishers = 2

export const sell = (runtime: Runtime, first: number): Promise<Outcome> =>
  runtime.execute({ module: 'sales', operation: 'sell', input: { first } })

/** Publishes events, some commits at a time, and resolves when the last one has its effect in every subscriber. */
export async function publishAndSettle(runtime: Runtime, events: number): Promise<void> {
  let next = 0
  const publisher = async (): Promise<void> => {
    while (next < events) {
      const first = next
      next += eventsPerCommit
      const outcome = await sell(runtime, first)
      if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`)
    }
  }
  await Promise.all(Array.from({ length: publishers }, publisher))
  await runtime.settled(120_000)
}

/** Events that the subscriber furthest behind has not handled. */
export function lagOf(runtime: Runtime): number {
  const lags = runtime.health().modules.flatMap(({ subscriptions }) => subscriptions.map(({ lag }) => lag))
  return Math.max(0, ...lags)
}
