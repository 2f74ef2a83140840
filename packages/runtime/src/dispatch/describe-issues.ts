/** Issues as one short line. */
export function describeIssues(
  issues: readonly { readonly path: readonly (string | number)[]; readonly message: string }[],
): string {
  const shown = issues.slice(0, 3).map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`)
  return issues.length > 3 ? `${shown.join('; ')}; and ${issues.length - 3} more` : shown.join('; ')
}
