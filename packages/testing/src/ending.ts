/**
 * Ends things one after the other, each also when the one before it could not be ended.
 * @throws the first failure, when all have been tried
 */
export async function endAll(endings: Iterable<() => unknown>): Promise<void> {
  const failures: unknown[] = []
  for (const end of endings)
    try {
      await end()
    } catch (error) {
      failures.push(error)
    }
  if (failures.length > 0) throw failures[0]
}

/**
 * Ends what was begun before something failed. Its own failure comes second: it is told as a warning of Node, so that the
 * first one, which explains it, is the one that is thrown.
 */
export async function endAfter(failure: unknown, end: () => unknown): Promise<never> {
  try {
    await end()
  } catch (error) {
    process.emitWarning(`What a failed test had begun could not be ended in order: ${textOf(error)}`)
  }
  throw failure
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
