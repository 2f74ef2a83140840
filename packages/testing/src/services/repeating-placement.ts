import {
  asOutcome,
  type CallScope,
  canonicalJson,
  type Envelope,
  type Outcome,
  type Placement,
  type Receiver,
} from '@banyan/runtime'

/**
 * Makes every call twice, as a caller does whose answer was lost: a command under the same id, which must give the
 * recorded outcome (P4). What the caller gets is the second answer.
 *
 * R1 A fault is no outcome: it is given back as it is, since asking again after one is the caller's to decide.
 * R2 Outcomes of one command that differ are told. Answers of a query may differ: others change what it reads.
 */
export class RepeatingPlacement implements Placement {
  readonly #inner: Placement
  readonly #differs: (what: string) => void

  constructor(inner: Placement, differs: (what: string) => void) {
    this.#inner = inner
    this.#differs = differs
  }

  async deliver<Answer>(envelope: Envelope, scope: CallScope, receiver: Receiver<Answer>): Promise<Answer> {
    const twice = envelope.kind === 'command' ? repeatable(envelope) : envelope
    const first = await this.#inner.deliver(twice, scope, asOutcome)
    if (!isOutcome(twice, first)) return receiver.receive(first) // R1
    const second = await this.#inner.deliver(twice, scope, asOutcome)
    if (isFault(second)) return receiver.receive(first)
    if (twice.kind === 'command' && textOf(first) !== textOf(second)) this.#differs(difference(twice, first, second)) // R2
    return receiver.receive(second)
  }
}

/** The same call, of a caller that may ask again: its outcome is recorded. */
function repeatable({ kind, module, operation, input, id, caller, travel }: Envelope): Envelope {
  const envelope = { kind, module, operation, input, id, repeatable: true, travel }
  return caller === undefined ? envelope : { ...envelope, caller }
}

/** Whether the module gave this answer itself: a value, or an error that it declares. */
function isOutcome({ module }: Envelope, outcome: Outcome): boolean {
  return outcome.ok || outcome.error.code.startsWith(`${module}.`)
}

/** Says nothing of the command: it may be asked again, or its caller gave up. */
const isFault = (outcome: Outcome): boolean =>
  !outcome.ok && (outcome.error.retryable || outcome.error.code === 'cancelled')

const textOf = (outcome: Outcome): string =>
  canonicalJson(outcome.ok ? { value: outcome.value } : { code: outcome.error.code, details: outcome.error.details })

function difference({ module, operation, id }: Envelope, first: Outcome, second: Outcome): string {
  return `P4 ${module}.${operation} gave two outcomes for the command ${id}: ${textOf(first)}, then ${textOf(second)}`
}
