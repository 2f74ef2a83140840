import { AsyncResource } from 'node:async_hooks'
import type { AnyContract } from '@banyan/contract'
import type { Logger, Outcome } from '@banyan/runtime'
import type { Fallback } from '../policies.js'
import type { Call, Failure } from './call.js'

/**
 * Answers queries in the place of a callee that is not there. The answer passes the output of the contract, as that of the
 * callee would, and so is a copy (P2); one that does not fit leaves the error as it is and is logged.
 */
export class Fallbacks {
  readonly #contracts: ReadonlyMap<string, AnyContract>
  readonly #logger: Logger
  // Outcomes arrive in the async context of a callee, which code of the app may not see (P1).
  readonly #fresh = new AsyncResource('BanyanFallback')

  constructor(contracts: ReadonlyMap<string, AnyContract>, logger: Logger) {
    this.#contracts = contracts
    this.#logger = logger
  }

  answer(call: Call, fallback: unknown, failure: Failure): void {
    this.#made(call, fallback, failure).then(
      (outcome) => call.settle(outcome),
      (error: unknown) => {
        const operation = `${call.envelope.module}.${call.envelope.operation}`
        this.#logger.error({ err: error, operation, edge: call.edge.name }, `the fallback of ${operation} failed`)
        call.settle(failure)
      },
    )
  }

  async #made(call: Call, fallback: unknown, { error }: Failure): Promise<Outcome> {
    const { module, operation } = call.envelope
    const { code, message } = error
    const given: unknown =
      typeof fallback === 'function'
        ? await this.#fresh.runInAsyncScope(() => (fallback as Fallback)(call.input, { code, message }))
        : fallback
    const codec = this.#contracts.get(module)?.queries[operation]?.outputCodec
    if (!codec) return { ok: true, value: given }
    const checked = codec.check(given)
    if (!checked.ok) throw new Error(`it does not fit the contract: ${JSON.stringify(checked.issues)}`)
    return { ok: true, value: checked.value }
  }
}
