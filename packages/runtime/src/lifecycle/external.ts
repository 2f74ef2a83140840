import type { Ambient } from '@banyan/ambient'
import { type BanyanError, banyanError } from '@banyan/errors'
import type { Cancellation, Envelope, Outcome, ScopeEnd, TravelContext } from '../call/envelope.js'
import { Scope } from '../call/scope.js'
import { failed } from '../dispatch/outcome.js'
import type { ExternalCall } from './types.js'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A command id from outside must be a UUID: the ids of all that the command calls and makes are derived from it (C1). */
export function refuseId(call: Pick<ExternalCall, 'id' | 'module' | 'operation'>): BanyanError | undefined {
  if (call.id === undefined || uuid.test(call.id)) return undefined
  const issues = [{ path: ['id'], message: 'the command id is not a UUID' }]
  return banyanError(
    'invalid-input',
    { operation: `${call.module}.${call.operation}`, summary: 'the command id is not a UUID' },
    { details: { issues } },
  )
}

/** The envelope of a call that comes from outside the modules. */
export function externalEnvelope(
  ambient: Ambient,
  kind: 'command' | 'query',
  call: Omit<ExternalCall, 'timeoutMs' | 'signal'>,
): Envelope {
  return new ExternalEnvelope(ambient, kind, call)
}

class ExternalEnvelope implements Envelope {
  readonly kind: 'command' | 'query'
  readonly module: string
  readonly operation: string
  readonly input: unknown
  readonly repeatable: boolean
  readonly travel: TravelContext
  readonly #ambient: Ambient
  #id: string | undefined

  constructor(ambient: Ambient, kind: 'command' | 'query', call: Omit<ExternalCall, 'timeoutMs' | 'signal'>) {
    this.#ambient = ambient
    this.#id = call.id
    this.kind = kind
    this.module = call.module
    this.operation = call.operation
    this.input = call.input
    this.repeatable = kind === 'command' && call.id !== undefined
    const travel: { -readonly [Key in keyof TravelContext]: TravelContext[Key] } = {
      correlationId: call.correlationId ?? this.id,
    }
    if (call.traceparent !== undefined) travel.traceparent = call.traceparent
    if (call.tracestate !== undefined) travel.tracestate = call.tracestate
    if (call.identity !== undefined) travel.identity = call.identity
    this.travel = travel
  }

  get id(): string {
    this.#id ??= this.#ambient.newId()
    return this.#id
  }
}

/**
 * Runs something under a scope of its own and answers at its deadline or cancellation, whatever the handler does then:
 * before the commit nothing happens any more; after it was sent the outcome is unknown (P7).
 * @param calls the scope of all calls that run now, for those who end them
 */
export function withinScope(
  ambient: Ambient,
  calls: Scope,
  options: { readonly timeoutMs: number; readonly signal?: Cancellation | undefined; readonly operation: string },
  run: (scope: Scope) => Promise<Outcome>,
): Promise<Outcome> {
  const scope = new Scope(ambient, calls, options.timeoutMs)
  const { signal } = options
  const abort = (): void => scope.end('cancelled')
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  return new Promise((resolve) => {
    scope.onEnd((end) => resolve(failed(endError(scope, end, options.operation))))
    const settle = (outcome: Outcome): void => {
      signal?.removeEventListener('abort', abort)
      scope.close()
      resolve(outcome)
    }
    run(scope).then(settle, (error: unknown) =>
      settle(
        failed(banyanError('internal', { module: options.operation, reference: String(error) }, { cause: error })),
      ),
    )
  })
}

function endError(scope: Scope, end: ScopeEnd, operation: string): BanyanError {
  return banyanError(scope.isUnknownAt(end) ? 'outcome-unknown' : end, { operation })
}
