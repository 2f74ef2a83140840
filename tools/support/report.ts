/** One violation, told so that whoever reads it knows who did what and what would be allowed instead. */
export interface Problem {
  /** File (and line) or package that is at fault. */
  readonly where: string
  readonly what: string
  readonly remedy: string
}

export interface Outcome {
  readonly check: string
  /** What was looked at, as a sentence; a check that saw nothing must not pass. */
  readonly saw: string
  readonly problems: readonly Problem[]
}

export const describeProblem = ({ where, what, remedy }: Problem): string => `${where}: ${what}\n    ${remedy}`

/** Prints all problems together and sets the exit code; the process ends by itself when its work is done. */
export function report({ check, saw, problems }: Outcome): void {
  for (const problem of problems) console.log(describeProblem(problem))
  const verdict =
    problems.length === 0 ? 'no problems' : `${problems.length} problem${problems.length === 1 ? '' : 's'}`
  console.log(`${check}: ${saw}, ${verdict}`)
  if (problems.length > 0) process.exitCode = 1
}

/** A check that saw nothing is broken, not clean. */
export const nothingSeen = (check: string, subject: string): Problem => ({
  where: check,
  what: `saw no ${subject} at all`,
  remedy: 'The check itself is broken or runs in the wrong folder: it must see the repository to vouch for it.',
})
