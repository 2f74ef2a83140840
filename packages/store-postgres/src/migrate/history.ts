import { type Problem, problemsError } from '@banyan/errors'
import type { Migration } from './read.js'
import type { AppliedMigration } from './record.js'

type Refusal = 'migration-edited' | 'migration-missing' | 'migration-order'

interface Finding {
  readonly code: Refusal
  readonly parameters: Readonly<Record<string, string>>
  readonly problem: Problem
}

function fileOf(applied: AppliedMigration): string {
  return `${String(applied.number).padStart(4, '0')}_${applied.name}.sql`
}

function findings(module: string, migrations: readonly Migration[], applied: readonly AppliedMigration[]): Finding[] {
  const found: Finding[] = []
  const byNumber = new Map(migrations.map((migration) => [migration.number, migration]))
  for (const past of applied) {
    const now = byNumber.get(past.number)
    const at = new Date(past.appliedAt).toISOString()
    if (!now) {
      const file = fileOf(past)
      const problem = {
        who: file,
        where: 'folder',
        what: `It was applied at ${at}, and is not there`,
        remedy: 'Restore the file.',
      }
      found.push({ code: 'migration-missing', parameters: { file, module }, problem })
    } else if (now.checksum !== past.checksum) {
      const what = `It was applied at ${at} with checksum ${past.checksum.slice(0, 12)}; the file's is ${now.checksum.slice(0, 12)}`
      const remedy = 'Restore the file, and put the change into a new migration.'
      const problem = { who: now.file, where: 'text', what, remedy }
      found.push({ code: 'migration-edited', parameters: { file: now.file, module }, problem })
    }
  }
  const last = applied.at(-1)
  const known = new Set(applied.map((past) => past.number))
  for (const migration of migrations) {
    if (!last || known.has(migration.number) || migration.number > last.number) continue
    const what = `It was not applied, but ${fileOf(last)} was`
    const remedy = `Give it the next free number, ${String(Math.max(...byNumber.keys(), last.number) + 1).padStart(4, '0')}.`
    const problem = { who: migration.file, where: 'number', what, remedy }
    found.push({ code: 'migration-order', parameters: { file: migration.file, module, last: fileOf(last) }, problem })
  }
  return found
}

/** What is wrong between the files and what was applied, as problems of one report. */
export function historyProblems(
  module: string,
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Problem[] {
  return findings(module, migrations, applied).map((finding) => finding.problem)
}

/**
 * The migrations that are still to be applied, in their order.
 * @throws `migration-edited`, `migration-missing` or `migration-order`: the first finding gives the code, all are listed
 */
export function pendingMigrations(
  module: string,
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const found = findings(module, migrations, applied)
  const first = found[0]
  if (first)
    throw problemsError(
      first.code,
      first.parameters,
      found.map((finding) => finding.problem),
    )
  const last = applied.at(-1)?.number ?? 0
  return migrations.filter((migration) => migration.number > last)
}
