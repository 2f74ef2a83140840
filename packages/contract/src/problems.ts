import type { Problem } from '@banyan/errors'

/** Collects what is wrong with one definition, so that everything is reported together. */
export interface ProblemReport {
  readonly problems: readonly Problem[]
  add(where: string, problem: Omit<Problem, 'who' | 'where'>): void
}

export function problemReport(who: string): ProblemReport {
  const problems: Problem[] = []
  return {
    problems,
    add(where, problem) {
      problems.push({ who, where, ...problem })
    },
  }
}
