import { AsyncResource } from 'node:async_hooks'
import type { Ambient } from '@banyan/ambient'
import { type BanyanError, banyanError } from '@banyan/errors'
import type { CallScope, Envelope, Outcome, Placement, Receiver } from '../call/envelope.js'
import type { Scope } from '../call/scope.js'
import { exceedsPayload, payloadLimitBytes } from '../call/size.js'
import type { Ender, HostedModule, HostedOperation, Run } from './hosted-module.js'
import { failed } from './outcome.js'
import { type Committed, invalidInput, runCommand } from './run-command.js'
import { runQuery } from './run-query.js'

export interface DispatcherOptions {
  readonly modules: ReadonlyMap<string, HostedModule>
  readonly committed: Committed
  readonly ambient: Ambient
  /** Milliseconds to wait when subscribers of the module are too far behind for it to publish more (P9). */
  readonly pressure: (module: string) => number | undefined
}

/**
 * Delivers calls to the modules of this process. It is the placement for callees that share the process, and what a
 * broker's messages are handed to.
 *
 * I1 The input is validated and copied before anything waits, so a sender may change its object at once (P2).
 * I2 A callee runs in a fresh async context: it cannot see the caller's (P1).
 * I3 Work beyond the module's bound is refused at once (P9).
 */
export class Dispatcher implements Placement, Ender {
  accepting = true
  readonly #options: DispatcherOptions
  // I2: the context at the time the dispatcher was made holds nothing of any request.
  readonly #fresh = new AsyncResource('BanyanCall')
  /** How many runs are under way, for a graceful stop. */
  #active = 0
  #idle: (() => void) | undefined

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  deliver<Answer>(envelope: Envelope, scope: CallScope, receiver: Receiver<Answer>): Promise<Answer> {
    const module = this.#options.modules.get(envelope.module)
    if (!module) return refuse(receiver, banyanError('unknown-module', { module: envelope.module }))
    const operation = module.operations.get(envelope.operation)
    if (!operation || operation.kind !== envelope.kind)
      return refuse(
        receiver,
        banyanError('unknown-operation', { module: envelope.module, operation: envelope.operation }),
      )
    // I1. A query is never run again, so what its handler gets is made at once; a command keeps the portable form.
    const checked =
      operation.kind === 'query' ? operation.decodeInput(envelope.input) : operation.checkInput(envelope.input)
    if (!checked.ok) return refuse(receiver, invalidInput(`${envelope.module}.${envelope.operation}`, checked.issues))
    if (exceedsPayload(checked.value, operation.inputBound(checked.value)))
      return refuse(
        receiver,
        banyanError('payload-too-large', {
          what: `the input of ${envelope.module}.${envelope.operation}`,
          limitBytes: payloadLimitBytes,
        }),
      )
    ;(envelope as { input: unknown }).input = checked.value
    return this.run(module, operation, envelope, scope as Scope, receiver)
  }

  /** Runs an operation whose input has been checked and copied, or is raw. */
  run<Answer>(
    module: HostedModule,
    operation: HostedOperation,
    envelope: Envelope,
    scope: Scope,
    receiver: Receiver<Answer>,
  ): Promise<Answer> {
    const refused = this.#refuse(module, operation, envelope)
    if (refused) return refuse(receiver, refused)
    const run: Run<Answer> = { module, operation, envelope, scope, receiver, ender: this }
    // A module that calls itself already holds a place; asking for a second one could wait for itself.
    return envelope.caller === module.name || module.limiter.tryEnter() ? this.#start(run) : this.#queue(run)
  }

  async #queue<Answer>(run: Run<Answer>): Promise<Answer> {
    const { module, envelope, scope, receiver } = run
    try {
      await module.limiter.enter((abandon) =>
        scope.onEnd((end) => abandon(banyanError(end, { operation: `${module.name}.${envelope.operation}` }))),
      )
    } catch (error) {
      return receiver.receive(failed(error as BanyanError))
    }
    return this.#start(run)
  }

  #start<Answer>(run: Run<Answer>): Promise<Answer> {
    if (run.envelope.caller === undefined) run.scope.begunAt = this.#options.ambient.monotonic()
    this.#active++
    return run.envelope.kind === 'command'
      ? this.#fresh.runInAsyncScope(runCommand<Answer>, undefined, run, this.#options.committed)
      : this.#fresh.runInAsyncScope(runQuery<Answer>, undefined, run)
  }

  end<Answer>(run: Run<Answer>, given: Outcome): Answer {
    const { module, operation, envelope } = run
    const outcome = operation.raw ? given : withinPayload(operation, envelope, given)
    const { counts } = operation
    if (outcome.ok) counts.ok++
    else counts.failed.set(outcome.error.code, (counts.failed.get(outcome.error.code) ?? 0) + 1)
    if (envelope.caller === undefined) {
      // Only calls from outside are timed: two clock readings would be a tenth of what a call in one process costs.
      counts.timed++
      counts.sumMs += this.#options.ambient.monotonic() - run.scope.begunAt
    }
    if (envelope.caller !== module.name) module.limiter.leave()
    if (--this.#active === 0) this.#idle?.()
    return run.receiver.receive(outcome)
  }

  #refuse(module: HostedModule, operation: HostedOperation, envelope: Envelope): BanyanError | undefined {
    // While stopping, work that runs may still make its calls; only new work from outside is refused.
    if (!this.accepting && envelope.caller === undefined)
      return banyanError('unavailable', { what: `module ${module.name} (stopping)` })
    if (operation.kind === 'query') return undefined
    const retryAfterMs = this.#options.pressure(module.name)
    if (retryAfterMs === undefined) return undefined
    return banyanError(
      'overloaded',
      { what: `the subscribers of ${module.name}`, retryAfterMs },
      { details: { retryAfterMs } },
    )
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    if (this.#active === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }
}

// Async, so that what the receiver throws rejects.
async function refuse<Answer>(receiver: Receiver<Answer>, error: BanyanError): Promise<Answer> {
  return receiver.receive(failed(error))
}

function withinPayload(operation: HostedOperation, envelope: Envelope, outcome: Outcome): Outcome {
  if (!outcome.ok || !exceedsPayload(outcome.value, operation.outputBound(outcome.value))) return outcome
  return failed(
    banyanError('payload-too-large', {
      what: `the output of ${envelope.module}.${envelope.operation}`,
      limitBytes: payloadLimitBytes,
    }),
  )
}
