import { AsyncLocalStorage } from 'node:async_hooks'
import { type BanyanError, banyanError } from '@banyan/errors'
import type { CallScope, Envelope, Outcome, Placement } from '../call/envelope.js'
import type { Scope } from '../call/scope.js'
import { exceedsPayload, payloadLimitBytes } from '../call/size.js'
import type { HostedModule, HostedOperation } from './hosted-module.js'
import type { DispatchMetrics } from './metrics.js'
import { failed } from './outcome.js'
import { type Committed, invalidInput, runCommand } from './run-command.js'
import { runQuery } from './run-query.js'

export interface DispatcherOptions {
  readonly modules: ReadonlyMap<string, HostedModule>
  readonly committed: Committed
  /** Counts calls; only those from outside and the first of a chain are timed. */
  readonly observe: DispatchMetrics
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
export class Dispatcher implements Placement {
  accepting = true
  readonly #options: DispatcherOptions
  // I2: the context at the time the dispatcher was made holds nothing of any request.
  readonly #inFreshContext = AsyncLocalStorage.snapshot()
  /** How many runs are under way, for a graceful stop. */
  #active = 0
  #idle: (() => void) | undefined

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  deliver(envelope: Envelope, scope: CallScope): Promise<Outcome> {
    const module = this.#options.modules.get(envelope.module)
    if (!module) return refuse(banyanError('unknown-module', { module: envelope.module }))
    const operation = module.operations.get(envelope.operation)
    if (!operation || operation.kind !== envelope.kind)
      return refuse(banyanError('unknown-operation', { module: envelope.module, operation: envelope.operation }))
    // I1. A query is never run again, so what its handler gets is made at once; a command keeps the portable form.
    const checked = operation.kind === 'query' ? operation.decodeInput(envelope.input) : operation.checkInput(envelope.input)
    if (!checked.ok) return refuse(invalidInput(`${envelope.module}.${envelope.operation}`, checked.issues))
    if (exceedsPayload(checked.value))
      return refuse(banyanError('payload-too-large', { what: `the input of ${envelope.module}.${envelope.operation}`, limitBytes: payloadLimitBytes }))
    ;(envelope as { input: unknown }).input = checked.value
    return this.run(module, operation, envelope, scope as Scope)
  }

  /** Runs an operation whose input has been checked and copied, or is raw. */
  run(module: HostedModule, operation: HostedOperation, envelope: Envelope, scope: Scope): Promise<Outcome> {
    const refused = this.#refuse(module, operation, envelope)
    if (refused) return refuse(refused)
    // A module that calls itself already holds a place; asking for a second one could wait for itself.
    const own = envelope.caller === module.name
    if (own || module.limiter.tryEnter()) return this.#start(module, operation, envelope, scope, own)
    return this.#queue(module, operation, envelope, scope)
  }

  async #queue(module: HostedModule, operation: HostedOperation, envelope: Envelope, scope: Scope): Promise<Outcome> {
    try {
      await module.limiter.enter((abandon) => scope.onEnd((end) => abandon(banyanError(end, { operation: `${module.name}.${envelope.operation}` }))))
    } catch (error) {
      return failed(error as BanyanError)
    }
    return this.#start(module, operation, envelope, scope, false)
  }

  #start(module: HostedModule, operation: HostedOperation, envelope: Envelope, scope: Scope, own: boolean): Promise<Outcome> {
    const { observe, committed } = this.#options
    const begunAt = envelope.caller === undefined ? observe.begin() : undefined
    this.#active++
    const ended = (given: Outcome): Outcome => {
      const outcome = withinPayload(envelope, given)
      observe.end(operation, module.name, envelope.operation, outcome.ok ? 'ok' : outcome.error.code, begunAt)
      if (!own) module.limiter.leave()
      if (--this.#active === 0) this.#idle?.()
      return outcome
    }
    return this.#inFreshContext(() =>
      envelope.kind === 'command'
        ? runCommand(module, operation, envelope, scope, committed, ended)
        : runQuery(module, operation, envelope, scope, envelope.input, ended),
    )
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

const refuse = (error: BanyanError): Promise<Outcome> => Promise.resolve(failed(error))

function withinPayload(envelope: Envelope, outcome: Outcome): Outcome {
  if (!outcome.ok || outcome.value instanceof Response || !exceedsPayload(outcome.value)) return outcome
  return failed(banyanError('payload-too-large', { what: `the output of ${envelope.module}.${envelope.operation}`, limitBytes: payloadLimitBytes }))
}
