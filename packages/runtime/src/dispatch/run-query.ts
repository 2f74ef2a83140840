import { banyanError, errorData } from '@banyan/errors'
import type { Envelope, Outcome } from '../call/envelope.js'
import type { Scope } from '../call/scope.js'
import { Frame } from './frame.js'
import type { Ender, HostedModule, HostedOperation } from './hosted-module.js'
import { failed, isDeclared, undeclared } from './outcome.js'
import { invalidOutput } from './run-command.js'
import { isThenable, settleRun } from './settle.js'

/** Runs a query: no transaction, statements read-only, nothing recorded. `input` is what the handler gets. */
export async function runQuery(
  module: HostedModule,
  operation: HostedOperation,
  envelope: Envelope,
  scope: Scope,
  input: unknown,
  ender: Ender,
): Promise<Outcome> {
  const frame = new Frame(module.host, envelope, scope, module.reading)
  // As in runCommand: a context of its own.
  await undefined
  try {
    const answer = operation.handler(input, module.context('query', frame))
    const given = isThenable(answer) ? await answer : answer
    settleRun(module, frame)
    const output = operation.checkOutput(given)
    if (!output.ok) throw invalidOutput(frame.operation, output.issues)
    if (scope.ended)
      return ender.end(
        module,
        operation,
        envelope,
        scope,
        failed(banyanError(scope.ended, { operation: frame.operation })),
      )
    return ender.end(module, operation, envelope, scope, { ok: true, value: output.value })
  } catch (error) {
    frame.ended = true
    scope.cancelChildren('cancelled')
    const outcome: Outcome = isDeclared(frame, operation.errors, error)
      ? { ok: false, error: errorData(error) }
      : undeclared(frame, error)
    return ender.end(module, operation, envelope, scope, outcome)
  }
}
