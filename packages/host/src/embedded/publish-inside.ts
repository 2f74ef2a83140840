import { createAmbient } from '@banyan/ambient'
import type { CollectContext, ExternalCall } from '@banyan/runtime'
import { type HostClient, joinTransaction } from '@banyan/store-postgres'
import type { RunningApp } from '../composition.js'

type Travel = Omit<ExternalCall, 'module' | 'operation' | 'input' | 'timeoutMs' | 'signal'>

/** Runs work of the host, and appends what it published and put off in the transaction that the host has open. */
export async function publishInside<Value>(
  { runtime, store }: RunningApp,
  module: string,
  client: HostClient,
  work: (context: CollectContext) => Value | Promise<Value>,
  travel: Travel,
): Promise<Value> {
  const { incarnation } = await store.module(module).log.heads()
  const joined = await joinTransaction({ client, app: runtime.app, module, incarnation, mark: createAmbient().newId() })
  const { value, events, jobs } = await runtime.collect({ ...travel, module }, work)
  if (events.length === 0 && jobs.length === 0) return value
  await joined.append(events, jobs)
  // Subscribers look when the host has committed; where its client does not tell, their polling finds it.
  void joined.ended?.then(() => runtime.appended(module))
  return value
}
