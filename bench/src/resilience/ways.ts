import { createRequire } from 'node:module'
import type { Ambient } from '@banyan/ambient'
import { contract } from '@banyan/contract'
import { defaultBreaker, defaultRetry, withPolicies } from '@banyan/resilience'
import {
  asOutcome,
  createLogger,
  type Envelope,
  type Outcome,
  type Placement,
  type Receiver,
  Scope,
} from '@banyan/runtime'
import {
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel'
import type { Role } from '../harness/types.js'
import { type Order, orderInput, orderOutput, price, sampleOrders } from '../support/order.js'

export interface OpenWay {
  readonly name: string
  readonly role: Role
  call(): Promise<unknown>
}

/** What is used of opossum, which brings no types. */
type Opossum = new (
  action: (order: Order) => Promise<unknown>,
  options: { timeout: number | false; capacity: number; resetTimeout: number },
) => { fire(order: Order): Promise<unknown> }

const CircuitBreaker = createRequire(import.meta.url)('opossum') as Opossum

const timeoutMs = 2_000
const concurrency = 100

async function callee(order: Order): Promise<unknown> {
  await undefined
  return price(order)
}

/** Delivers to the function, with as little around it as a placement can have. */
class Direct implements Placement {
  async deliver<Answer>(envelope: Envelope, _scope: unknown, receiver: Receiver<Answer>): Promise<Answer> {
    const value = await callee(envelope.input as Order)
    return receiver.receive({ ok: true, value })
  }
}

const orders = contract({
  name: 'orders',
  version: '1.0.0',
  queries: { quote: { input: orderInput, output: orderOutput } },
})
const shop = contract({ name: 'shop', version: '1.0.0' })

function throughPlacement(ambient: Ambient, placement: Placement, input: Order): () => Promise<Outcome> {
  const travel = { correlationId: ambient.newId() }
  const id = ambient.newId()
  // The deadline that every call has from outside.
  const parent = new Scope(ambient, undefined, undefined, ambient.monotonic() + 3_600_000)
  return async () => {
    const scope = new Scope(ambient, parent)
    const envelope: Envelope = {
      kind: 'query',
      module: 'orders',
      operation: 'quote',
      input,
      id,
      repeatable: false,
      caller: 'shop',
      travel,
    }
    const outcome = await placement.deliver(envelope, scope, asOutcome)
    scope.close()
    return outcome
  }
}

function ours(ambient: Ambient): Placement {
  const policy = { timeoutMs, retry: defaultRetry, breaker: defaultBreaker, bulkhead: { concurrency, queue: 0 } }
  const contracts = new Map([orders, shop].map((each) => [each.name, each]))
  const logger = createLogger({ level: 'silent' })
  return withPolicies(new Direct(), { edges: { 'shop -> orders': policy } }, { ambient, logger, contracts })
}

/** The ways to make the same call. */
export function ways(ambient: Ambient): OpenWay[] {
  const input = sampleOrders(1)[0] as Order
  const cockatiel = wrap(
    retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
    circuitBreaker(handleAll, { halfOpenAfter: 5_000, breaker: new ConsecutiveBreaker(5) }),
    bulkhead(concurrency, 0),
    timeout(timeoutMs, TimeoutStrategy.Aggressive),
  )
  const opossum = new CircuitBreaker(callee, { timeout: timeoutMs, capacity: concurrency, resetTimeout: 5_000 })
  const opossumBare = new CircuitBreaker(callee, { timeout: false, capacity: concurrency, resetTimeout: 5_000 })
  return [
    { name: 'Banyan, the four policies together', role: 'ours', call: throughPlacement(ambient, ours(ambient), input) },
    { name: 'bare call through the placement', role: 'limit', call: throughPlacement(ambient, new Direct(), input) },
    { name: 'bare function', role: 'variant', call: () => callee(input) },
    { name: 'cockatiel, the four policies together', role: 'peer', call: () => cockatiel.execute(() => callee(input)) },
    { name: 'opossum, timeout, breaker and bulkhead', role: 'peer', call: () => opossum.fire(input) },
    { name: 'opossum, breaker and bulkhead', role: 'peer', call: () => opossumBare.fire(input) },
  ]
}
