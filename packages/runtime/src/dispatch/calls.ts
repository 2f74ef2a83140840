import type { AnyContract, Codec, OperationDefinition } from '@banyan/contract'
import { type BanyanError, banyanError, isBanyanError } from '@banyan/errors'
import type { Envelope, Outcome, Receiver, TravelContext } from '../call/envelope.js'
import { Scope } from '../call/scope.js'
import type { Frame } from './frame.js'
import { rebuilt } from './outcome.js'

/** What `await call.x.y(input)` gives, with `.result()` for those who prefer a value to an exception. */
export type CallPromise = Promise<unknown> & { result(): Promise<CallResult> }
export type CallResult = { ok: true; value: unknown } | { ok: false; error: BanyanError }

// A declared error becomes a value; everything else stays an exception, because no contract promises it.
function toResult(this: Promise<unknown>): Promise<CallResult> {
  return this.then(
    (value) => ({ ok: true as const, value }),
    (error: unknown) => {
      if (isBanyanError(error) && error.code.includes('.')) return { ok: false as const, error }
      throw error
    },
  )
}

/** Gives a promise its `.result()`; the promise stays a native one, which `await` handles fastest. */
export function withResult(promise: Promise<unknown>): CallPromise {
  const call = promise as CallPromise
  call.result = toResult
  return call
}

/** Unwraps an outcome at the caller's side, decoding by the contract that the caller was built with. */
export function unwrap(contract: AnyContract, operation: string, outcome: Outcome): unknown {
  if (!outcome.ok) throw rebuilt(outcome.error)
  const codec = (contract.commands[operation] ?? contract.queries[operation])?.outputCodec
  return codec?.transforms ? decodeAnswer(contract, operation, codec, outcome.value) : outcome.value
}

function decodeAnswer(contract: AnyContract, operation: string, codec: Codec, value: unknown): unknown {
  const decoded = codec.decode(value)
  if (!decoded.ok)
    throw banyanError(
      'invalid-output',
      { operation: `${contract.name}.${operation}`, summary: 'the answer does not match the contract of the caller' },
      { details: { issues: decoded.issues } },
    )
  return decoded.value
}

/** An operation as its callers see it, by the contract that they were built with. Its codec is made at the first answer. */
class Callee {
  readonly contract: AnyContract
  readonly kind: 'command' | 'query'
  readonly operation: string
  readonly #definition: OperationDefinition
  #codec: Codec | undefined
  #transforms = false

  constructor(contract: AnyContract, definition: OperationDefinition) {
    this.contract = contract
    this.kind = definition.kind
    this.operation = definition.name
    this.#definition = definition
  }

  get outputCodec(): Codec {
    if (!this.#codec) {
      this.#codec = this.#definition.outputCodec
      this.#transforms = this.#codec.transforms
    }
    return this.#codec
  }

  get transforms(): boolean {
    if (!this.#codec) return this.outputCodec.transforms
    return this.#transforms
  }
}

/**
 * A call that a handler makes: its envelope, and who receives its outcome. Its id is derived when somebody needs it (C1,
 * C4).
 */
class NestedCall implements Envelope, Receiver<unknown> {
  readonly kind: 'command' | 'query'
  readonly module: string
  readonly operation: string
  readonly input: unknown
  readonly repeatable: boolean
  readonly caller: string
  readonly scope: Scope
  readonly #frame: Frame
  readonly #ordinal: number
  #id: string | undefined
  #travel: TravelContext | undefined

  constructor(frame: Frame, { kind, contract, operation }: Callee, input: unknown) {
    this.kind = kind
    this.module = contract.name
    this.operation = operation
    this.input = input
    this.repeatable = kind === 'command' && frame.envelope.repeatable
    this.caller = frame.host.module
    this.scope = new Scope(frame.host.ambient, frame.scope)
    this.#frame = frame
    // Taken now, in the order of calling, though the id may never be made.
    this.#ordinal = kind === 'command' ? frame.nextOrdinal() : 0
  }

  get id(): string {
    this.#id ??= this.#frame.childId(`${this.module}.${this.operation}`, this.#ordinal)
    return this.#id
  }

  get travel(): TravelContext {
    this.#travel ??= { ...this.#frame.envelope.travel, causationId: this.#frame.envelope.id }
    return this.#travel
  }

  receive(outcome: Outcome): unknown {
    this.scope.close()
    // Left without await and cancelled (P1): nobody hears a rejection, and Node would end the process for it.
    if (this.#frame.ended) return undefined
    if (!outcome.ok) throw rebuilt(outcome.error)
    return outcome.value
  }
}

function invoke(frame: Frame, callee: Callee, input: unknown): Promise<unknown> {
  const made = new NestedCall(frame, callee, input)
  const answer = frame.host.placement.deliver(made, made.scope, made)
  if (!callee.transforms) return answer
  // Here, in the context of the caller, since transforms are code of the contract's author.
  return answer.then((value) =>
    frame.ended ? undefined : decodeAnswer(callee.contract, callee.operation, callee.outputCodec, value),
  )
}

function call(frame: Frame, callee: Callee, input: unknown): CallPromise {
  const { host } = frame
  const { contract, kind, operation } = callee
  if (frame.ended) return withResult(Promise.reject(frame.tooLate(`a call of ${contract.name}.${operation}`)))
  if (frame.scope.ended)
    return withResult(Promise.reject(banyanError(frame.scope.ended, { operation: frame.operation })))
  if (kind === 'command' && frame.envelope.kind === 'query')
    return withResult(Promise.reject(banyanError('read-only', { module: host.module })))
  if (kind === 'command') frame.calledCommand = true
  if (contract.name !== host.module) {
    frame.firstCall ??= `${contract.name}.${operation}`
    if (frame.work.begun)
      host.warnOnce(
        `open:${frame.operation}:${contract.name}.${operation}`,
        `${frame.operation} calls ${contract.name}.${operation} while its transaction is open: a connection and its locks are held meanwhile. Call before the first statement, or after the last.`,
      )
  }
  return withResult(invoke(frame, callee, input))
}

/** A class whose instances have one method for each operation of the contract, bound to a frame. */
function moduleCaller(contract: AnyContract): new (frame: Frame) => object {
  class ModuleCaller {
    readonly frame: Frame
    constructor(frame: Frame) {
      this.frame = frame
    }
  }
  for (const definition of [...Object.values(contract.commands), ...Object.values(contract.queries)]) {
    const callee = new Callee(contract, definition)
    Object.defineProperty(ModuleCaller.prototype, definition.name, {
      value(this: ModuleCaller, input: unknown) {
        return call(this.frame, callee, input)
      },
    })
  }
  return ModuleCaller
}

/** Makes what handlers get as `call`: classes are made once per module, instances cost next to nothing per run. */
export function createCallFactory(callable: ReadonlyMap<string, AnyContract>): (frame: Frame) => object {
  class Calls {
    readonly frame: Frame
    constructor(frame: Frame) {
      this.frame = frame
    }
  }
  for (const [name, contract] of callable) {
    const Caller = moduleCaller(contract)
    Object.defineProperty(Calls.prototype, name, {
      get(this: Calls) {
        return new Caller(this.frame)
      },
    })
  }
  return (frame) => new Calls(frame)
}
