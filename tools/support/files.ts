import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository that this workshop belongs to. */
export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/**
 * Files that are tracked, or new and not ignored: what a commit of everything would contain. Paths are relative to the
 * root, with forward slashes.
 */
export function sourceFiles(root: string): string[] {
  const output = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const names = output.split('\0').filter((name) => name !== '')
  // A file deleted in the working tree stays in the index until it is committed.
  return [...new Set(names)].filter((name) => isFile(join(root, name))).sort()
}

export const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

export const readText = (root: string, path: string): string => readFileSync(join(root, path), 'utf8')

export const readJson = <T>(root: string, path: string): T => JSON.parse(readText(root, path)) as T

/** Line number (from 1) of an offset in a text. */
export function lineOf(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}
