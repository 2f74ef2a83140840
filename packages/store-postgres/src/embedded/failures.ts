import { type BanyanError, banyanError, isBanyanError } from '@banyan/errors'

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'a part of its path is not a folder',
  ENAMETOOLONG: 'its path is too long',
  ELOOP: 'its path contains a loop of symbolic links',
}

/** The code of an error of the operating system, or undefined. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** `store-folder-unusable`, in words for a known code of the operating system. */
export function folderUnusable(folder: string, problem: unknown): BanyanError {
  if (typeof problem === 'string') return banyanError('store-folder-unusable', { folder, summary: problem })
  if (isBanyanError(problem)) return problem
  const known = reasons[systemCode(problem) ?? '']
  const text = problem instanceof Error ? problem.message : String(problem)
  const summary = known === undefined ? text : `${known} (${text})`
  return banyanError('store-folder-unusable', { folder, summary }, { cause: problem })
}

const unusableSigns: readonly (readonly [RegExp, string])[] = [
  [/No space left on device|Check free disk space/, 'the disk is full'],
  [/Disk quota exceeded/, 'the disk quota is used up'],
  [/Read-only file system/, 'the file system is read-only'],
]

/**
 * `store-start-failed` with the end of the server's log in its details and its cause; a full disk or a forbidden
 * folder, which only the log tells, become `store-folder-unusable`.
 */
export function startFailed(folder: string, what: string, log: readonly string[]): BanyanError {
  const cause = new Error(`${what}\n${log.join('\n')}`)
  const first = (pattern: RegExp) => log.find((line) => pattern.test(line))?.trim()
  const fatal = first(/FATAL|PANIC/)
  for (const [pattern, reason] of unusableSigns) {
    const sign = first(pattern)
    if (sign === undefined) continue
    const summary = `${reason} (${fatal ?? sign})`
    return banyanError('store-folder-unusable', { folder, summary }, { cause, details: { log } })
  }
  const told = fatal ?? first(/error:/) ?? log.findLast((line) => line.trim() !== '')?.trim()
  const summary = told === undefined ? what : `${what}: ${told}`
  return banyanError('store-start-failed', { summary }, { cause, details: { log } })
}
