import { describe, test } from 'vitest'

/**
 * `test` and `describe` for what needs something that a machine may lack. Where it is missing, the tests are skipped
 * under a title that says why; the reporter fails on tests that are skipped without a reason.
 */
export function skipUnless(condition: boolean, reason: string): { test: Define; describe: Define } {
  if (condition) return { test: (title, body) => test(title, body), describe: (title, body) => describe(title, body) }
  const named = (title: string): string => `${title} [skipped: ${reason}]`
  return {
    test: (title, body) => test.skip(named(title), body),
    describe: (title, body) => describe.skip(named(title), body),
  }
}

type Define = (title: string, body: () => void | Promise<void>) => void
