import { banyanError, errorData } from '@banyan/errors'
import type { Outcome } from '../call/envelope.js'
import { Frame } from './frame.js'
import type { Run } from './hosted-module.js'
import { failed, isDeclared, undeclared } from './outcome.js'
import { invalidOutput } from './run-command.js'
import { isThenable, settleRun } from './settle.js'

/** Runs a query, whose input is as the handler gets it: no transaction, statements read-only, nothing recorded. */
export async function runQuery<Answer>(run: Run<Answer>): Promise<Answer> {
  const { module, operation, envelope, scope } = run
  const frame = new Frame(module.host, envelope, scope, module.reading)
  // As in runCommand: a context of its own.
  await undefined
  let outcome: Outcome
  try {
    const answer = operation.handler(envelope.input, module.context('query', frame))
    outcome = answered(run, frame, isThenable(answer) ? await answer : answer)
  } catch (error) {
    frame.ended = true
    scope.cancelChildren('cancelled')
    outcome = isDeclared(frame, operation.errors, error)
      ? { ok: false, error: errorData(error) }
      : undeclared(frame, error)
  }
  return run.ender.end(run, outcome)
}

function answered({ module, operation, scope }: Run<unknown>, frame: Frame, given: unknown): Outcome {
  settleRun(module, frame)
  const output = operation.checkOutput(given)
  if (!output.ok) throw invalidOutput(frame.operation, output.issues)
  return scope.ended
    ? failed(banyanError(scope.ended, { operation: frame.operation }))
    : { ok: true, value: output.value }
}
