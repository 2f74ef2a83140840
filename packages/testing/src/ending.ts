import { closeInOrder } from '@banyan/runtime'

const what = 'What a test had begun could not be ended in order'

/**
 * Ends things one after the other, each also when the one before it could not be ended. Failures beyond the first are warnings of
 * Node.
 * @throws the first failure, when all have been tried
 */
export function endAll(endings: readonly (() => unknown)[]): Promise<void> {
  return closeInOrder(endings, warn)
}

/**
 * Ends what was begun before something failed. Its own failure comes second: it is told as a warning of Node, so that the
 * first one, which explains it, is the one that is thrown.
 */
export async function endAfter(failure: unknown, end: () => unknown): Promise<never> {
  try {
    await end()
  } catch (error) {
    warn(error)
  }
  throw failure
}

const warn = (error: unknown): void =>
  process.emitWarning(`${what}: ${error instanceof Error ? error.message : String(error)}`)
