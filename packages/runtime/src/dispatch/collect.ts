import { banyanError } from '@banyan/errors'
import type { Envelope } from '../call/envelope.js'
import type { Scope } from '../call/scope.js'
import type { NewEvent, NewJob } from '../ports/store.js'
import { createEmitFactory, createLaterFactory } from './effects.js'
import { Frame } from './frame.js'
import type { HostedModule } from './hosted-module.js'

/** What code outside the modules publishes through: `emit` and `later` as handlers have them, typed by who composes. */
export interface CollectContext {
  readonly emit: object
  readonly later: object
  readonly newId: () => string
  readonly now: () => Date
}

export interface Collected<Value> {
  readonly value: Value
  readonly events: readonly NewEvent[]
  readonly jobs: readonly NewJob[]
}

/** Runs code of the host that acts for a module; its events and later calls are checked, and appended by who asked. */
export async function collectEvents<Value>(
  module: HostedModule,
  envelope: Envelope,
  scope: Scope,
  work: (context: CollectContext) => Value | Promise<Value>,
): Promise<Collected<Value>> {
  const frame = new Frame(
    module.host,
    envelope,
    scope,
    // Nothing hands the frame's statements out: the host has its own connection.
    {
      begun: false,
      query: () =>
        Promise.reject(banyanError('internal', { module: module.name, reference: 'a statement without a unit' })),
    },
  )
  try {
    const value = await work({
      emit: createEmitFactory(module.contract)(frame),
      later: createLaterFactory(module.host.callable)(frame),
      newId: () => frame.childId('newId', frame.nextOrdinal()),
      now: () => new Date(frame.now()),
    })
    return { value, events: frame.emitted, jobs: frame.jobs }
  } finally {
    frame.ended = true
    scope.close()
  }
}
