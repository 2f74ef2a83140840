import { createDrivenClock, createSeededAmbient } from '@banyan/ambient'
import { type AnyContract, contract } from '@banyan/contract'
import { banyanError, type ErrorCode } from '@banyan/errors'
import {
  asOutcome,
  type CallScope,
  createLogger,
  type Envelope,
  failed,
  type Outcome,
  type Placement,
  type Receiver,
  Scope,
} from '@banyan/runtime'
import { z } from 'zod'
import { type EdgePolicies, type EdgePolicy, type PolicyPlacement, withPolicies } from '../src/index.js'

export const level = contract({
  name: 'inventory',
  version: '1.0.0',
  commands: { reserve: { input: z.object({ n: z.number() }), output: z.object({ n: z.number() }) } },
  queries: { level: { input: z.object({ n: z.number() }), output: z.object({ n: z.number() }) } },
})
const orders = contract({ name: 'orders', version: '1.0.0' })
const contracts = new Map<string, AnyContract>([level, orders].map((each) => [each.name, each as AnyContract]))

/** What came to the callee: the test answers it when it wants. */
export interface Delivery {
  readonly envelope: Envelope
  readonly scope: Scope
  answer(outcome: Outcome): void
}

/** A callee that answers when the test says so. */
export class Callee implements Placement {
  readonly deliveries: Delivery[] = []
  /** Answers at once where it gives an outcome. */
  script: ((envelope: Envelope, index: number) => Outcome | undefined) | undefined

  deliver<Answer>(envelope: Envelope, scope: CallScope, receiver: Receiver<Answer>): Promise<Answer> {
    return new Promise((resolve) => {
      let answered = false
      const answer = (outcome: Outcome): void => {
        if (answered) return
        answered = true
        resolve(receiver.receive(outcome))
      }
      this.deliveries.push({ envelope, scope: scope as Scope, answer })
      const scripted = this.script?.(envelope, this.deliveries.length - 1)
      if (scripted) answer(scripted)
    })
  }

  get last(): Delivery {
    return this.deliveries.at(-1) as Delivery
  }
}

export const ok: Outcome = { ok: true, value: { n: 1 } }
export const fails = (code: ErrorCode, details?: object, origin?: string): Outcome =>
  failed(
    banyanError(
      code,
      {},
      { ...(details === undefined ? {} : { details }), ...(origin === undefined ? {} : { origin }) },
    ),
  )
export const declared: Outcome = {
  ok: false,
  error: { code: 'inventory.outOfStock', message: 'none left', retryable: true, status: 409 },
}

export const codeOf = (outcome: Outcome | undefined): string | undefined =>
  outcome === undefined ? undefined : outcome.ok ? 'ok' : outcome.error.code

export interface Asked {
  outcome: Outcome | undefined
  readonly scope: Scope
  /** Rejects where what delivers broke. */
  readonly ended: Promise<void>
}

/** A placement with policies over a callee and a clock that the test drives. */
export function bench(policy: EdgePolicy | EdgePolicies, seed = 1, logger = createLogger({ level: 'silent' })) {
  const clock = createDrivenClock(1_000_000)
  const ambient = createSeededAmbient(seed, clock)
  const callee = new Callee()
  const policies: EdgePolicies = 'edges' in policy ? policy : { edges: { 'orders -> inventory': policy } }
  const placement: PolicyPlacement = withPolicies(callee, policies, {
    ambient,
    logger,
    contracts,
  })
  const ask = (
    given: Partial<Envelope> = {},
    timeoutMs = 30_000,
    scope = new Scope(ambient, undefined, timeoutMs),
  ): Asked => {
    const envelope: Envelope = {
      kind: 'query',
      module: 'inventory',
      operation: 'level',
      input: { n: 1 },
      id: 'id',
      repeatable: false,
      caller: 'orders',
      travel: { correlationId: 'c' },
      ...given,
    }
    const ended = placement.deliver(envelope, scope, asOutcome).then((outcome) => {
      scope.close()
      asked.outcome = outcome
    })
    const asked: Asked = { outcome: undefined, scope, ended }
    return asked
  }
  return { clock, ambient, callee, placement, ask }
}

/** Lets what is due by promises happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await undefined
}
