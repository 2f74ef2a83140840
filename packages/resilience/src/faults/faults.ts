import type { Ambient } from '@banyan/ambient'
import { banyanError, type ErrorCode } from '@banyan/errors'
import {
  type CallScope,
  type Envelope,
  failed,
  type Logger,
  type MeasuredPlacement,
  type Metric,
  type Outcome,
  type Placement,
  type Receiver,
} from '@banyan/runtime'
import { outside } from '../policies.js'

/** Codes that a fault may answer with: those of infrastructure, which every caller must be able to meet. */
export const faultCodes = ['unavailable', 'overloaded', 'deadline-exceeded', 'internal'] as const

/** What goes wrong with some of the calls of an edge. Several rules that fit a call all apply, in their order. */
export interface FaultRule {
  /** `caller -> module`, where each side may be `*`; `*` alone is every edge. */
  readonly edge: string
  /** Only this operation. */
  readonly operation?: string
  /** Of 100 calls. */
  readonly percent: number
  /** Waits before the call is delivered. */
  readonly latencyMs?: number
  /** The call is not delivered, and fails with this. */
  readonly error?: (typeof faultCodes)[number]
  /** The call, or its answer after the callee did its work, is lost: the caller hears nothing until its time is up. */
  readonly drop?: 'call' | 'answer'
}

export interface FaultPlacement extends Placement {
  metrics(): readonly Metric[]
}

/** Puts faults between callers and what delivers. To be put inside the policies, which then meet them as they would real ones. */
export function withFaults(
  placement: MeasuredPlacement,
  rules: readonly FaultRule[],
  options: { readonly ambient: Ambient; readonly logger: Logger },
): FaultPlacement {
  options.logger.warn({ faults: rules }, `faults are injected into calls: ${rules.length} rules`)
  return new Faults(placement, rules, options.ambient)
}

class Faults implements FaultPlacement {
  readonly #placement: MeasuredPlacement
  readonly #rules: readonly FaultRule[]
  readonly #ambient: Ambient
  readonly #injected = { latency: 0, error: 0, drop: 0 }

  constructor(placement: MeasuredPlacement, rules: readonly FaultRule[], ambient: Ambient) {
    this.#placement = placement
    this.#rules = rules
    this.#ambient = ambient
  }

  async deliver<Answer>(envelope: Envelope, scope: CallScope, receiver: Receiver<Answer>): Promise<Answer> {
    const hit = this.#rules.filter((rule) => this.#strikes(rule, envelope))
    const latencyMs = hit.reduce((sum, rule) => sum + (rule.latencyMs ?? 0), 0)
    if (latencyMs > 0) {
      this.#injected.latency++
      if (await this.#endsWithin(scope, latencyMs)) return receiver.receive(ended(envelope, scope, false))
    }
    const error = hit.find((rule) => rule.error)?.error
    if (error) {
      this.#injected.error++
      return receiver.receive(failed(injected(error, envelope)))
    }
    const drop = hit.find((rule) => rule.drop)?.drop
    if (!drop) return this.#placement.deliver(envelope, scope, receiver)
    this.#injected.drop++
    // As one that went to another process and of which nothing is heard again.
    const lose = (): void => {
      if (envelope.kind === 'command') scope.elsewhere = true
    }
    if (drop === 'answer') await this.#placement.deliver(envelope, scope, { receive: lose })
    else lose()
    await this.#endsWithin(scope, Number.POSITIVE_INFINITY)
    return receiver.receive(ended(envelope, scope, envelope.kind === 'command'))
  }

  #strikes(rule: FaultRule, { caller = outside, module, operation }: Envelope): boolean {
    return (
      [`${caller} -> ${module}`, `* -> ${module}`, `${caller} -> *`, '*'].includes(rule.edge) &&
      (rule.operation === undefined || rule.operation === operation) &&
      this.#ambient.random() * 100 < rule.percent
    )
  }

  /** Waits; true when the scope ended before. */
  #endsWithin({ signal }: CallScope, ms: number): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(true)
    return new Promise((resolve) => {
      const cancel = ms === Number.POSITIVE_INFINITY ? undefined : this.#ambient.after(ms, () => end(false))
      const abort = (): void => end(true)
      const end = (early: boolean): void => {
        cancel?.()
        signal.removeEventListener('abort', abort)
        resolve(early)
      }
      signal.addEventListener('abort', abort)
    })
  }

  metrics(): readonly Metric[] {
    return [
      ...(this.#placement.metrics?.() ?? []),
      {
        name: 'banyan_faults_injected_total',
        help: 'Faults put into calls on purpose',
        type: 'counter',
        samples: Object.entries(this.#injected).map(([kind, value]) => ({ labels: { kind }, value })),
      },
    ]
  }
}

function injected(code: ErrorCode, { module, operation }: Envelope): ReturnType<typeof banyanError> {
  const name = `${module}.${operation}`
  const parameters = { what: module, module, operation: name, retryAfterMs: 100, reference: 'injected' }
  return banyanError(code, parameters, {
    details: { injected: true, ...(code === 'overloaded' ? { retryAfterMs: 100 } : {}) },
  })
}

function ended({ module, operation }: Envelope, { ended: end = 'cancelled' }: CallScope, sent: boolean): Outcome {
  const code = sent && end === 'deadline-exceeded' ? 'outcome-unknown' : end
  return failed(banyanError(code, { operation: `${module}.${operation}` }, { details: { injected: true } }))
}
