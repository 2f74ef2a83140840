import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Outcome, Problem } from '../../support/report.js'

export interface Tree {
  readonly root: string
  readonly files: readonly string[]
}

/** A throw-away repository with these files; removed when the test is over. */
export function plantTree(contents: Readonly<Record<string, string>>, parent = tmpdir()): Tree {
  mkdirSync(parent, { recursive: true })
  const root = mkdtempSync(join(parent, 'workshop-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return { root, files: Object.keys(contents) }
}

export const toldBy = (result: Outcome | readonly Problem[]): string[] =>
  ('problems' in result ? result.problems : result).map(({ where, what }) => `${where}: ${what}`)
