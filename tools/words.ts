/** The words check: what must not be in a committed file, whatever the file is. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot, sourceFiles } from './support/files.js'
import { isMain } from './support/main.js'
import { nothingSeen, type Outcome, type Problem, report } from './support/report.js'

interface Rule {
  readonly pattern: RegExp
  readonly what: string
  readonly remedy: string
}

// Written in pieces, so that this file passes its own check.
const words = (...pieces: string[]): string => pieces.join('')
const machineFolders = ['work', 'home', 'root', 'farm'].join('|')
const openEnds = [words('TO', 'DO'), words('FIX', 'ME'), words('X', 'XX')].join('|')

export const wordRules: readonly Rule[] = [
  {
    pattern: new RegExp(`(^|[\\s'"\`(=:,<>[])/(${machineFolders})/`),
    what: 'names a folder of somebody’s machine',
    remedy: 'Use a path relative to the repository or to the file.',
  },
  {
    pattern: new RegExp(`\\b(${openEnds})\\b`),
    what: 'leaves an open end',
    remedy: 'Do it now, write down the limit in the docs, or open an issue.',
  },
  {
    pattern: new RegExp(`\\b(test|it|describe|suite)${words('\\.', 'only')}\\(`),
    what: 'runs only some tests',
    remedy: 'Remove the restriction before committing.',
  },
  {
    pattern: new RegExp(`@ts-(${words('ig', 'nore')}|${words('no', 'check')})\\b`),
    what: 'switches the type check off',
    remedy: 'Use @ts-expect-error with the reason, which fails when it is no longer needed.',
  },
]

const isText = (bytes: Buffer): boolean => !bytes.subarray(0, 8000).includes(0)

export function checkText(path: string, text: string): Problem[] {
  return text.split('\n').flatMap((line, index) =>
    wordRules
      .filter((rule) => rule.pattern.test(line))
      .map(({ what, remedy }) => ({
        where: `${path}:${index + 1}`,
        what: `${what}: ${line.trim().slice(0, 100)}`,
        remedy,
      })),
  )
}

export function checkWords(root: string, files: readonly string[] = sourceFiles(root)): Outcome {
  const texts = files.flatMap((path) => {
    const bytes = readFileSync(join(root, path))
    return isText(bytes) ? [{ path, text: bytes.toString('utf8') }] : []
  })
  const problems = texts.flatMap(({ path, text }) => checkText(path, text))
  return {
    check: 'words',
    saw: `saw ${texts.length} files`,
    problems: texts.length === 0 ? [nothingSeen('words', 'files')] : problems,
  }
}

if (isMain(import.meta.url)) report(checkWords(repositoryRoot))
