import { banyanError } from '@banyan/errors'
import type { Frame } from './frame.js'
import type { HostedModule } from './hosted-module.js'

/**
 * Ends a run: nothing can be done through its frame any more, calls that nobody waits for are cancelled (P1), and a
 * statement or call left without await is a fault.
 * @throws `not-awaited` in strict runs; otherwise it is logged
 */
export function settleRun(module: HostedModule, frame: Frame): void {
  frame.ended = true
  const calls = frame.scope.openCalls
  if (calls === 0 && frame.openStatements === 0 && frame.unusedStatements === 0) return
  if (calls > 0) frame.scope.cancelChildren('cancelled')
  const what = calls > 0 ? `${calls} call(s)` : `${frame.openStatements + frame.unusedStatements} statement(s)`
  const error = banyanError('not-awaited', { operation: frame.operation, what })
  if (module.strict) throw error
  module.host.logger.error({ operation: frame.operation }, error.message)
}

/** Whether a handler's answer has to be awaited: an await of what is no promise is a fifth of a call in one process. */
export function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return (
    ((typeof answer === 'object' && answer !== null) || typeof answer === 'function') &&
    typeof (answer as Partial<PromiseLike<unknown>>).then === 'function'
  )
}
