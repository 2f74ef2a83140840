import { lineOf } from '../support/files.js'
import type { Problem } from '../support/report.js'
import { type Source, visit } from '../support/source.js'
import type { LayerRules } from './rules.js'

const countLines = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

export function checkFileSize(path: string, text: string, rules: LayerRules): Problem[] {
  const lines = countLines(text)
  if (lines <= rules.maximumFileLines) return []
  return [
    {
      where: path,
      what: `has ${lines} lines`,
      remedy: `A file is one concept in at most ${rules.maximumFileLines} lines: split it where the concepts part.`,
    },
  ]
}

interface FunctionLike {
  readonly start: number
  readonly end: number
  readonly id?: { readonly name: string } | null
}

export function checkFunctionSizes(source: Source, rules: LayerRules): Problem[] {
  const problems: Problem[] = []
  const check = (node: FunctionLike): void => {
    const first = lineOf(source.text, node.start)
    const lines = lineOf(source.text, node.end) - first + 1
    if (lines <= rules.maximumFunctionLines) return
    problems.push({
      where: `${source.path}:${first}`,
      what: `${node.id?.name ?? 'a function'} has ${lines} lines`,
      remedy: `A function has at most ${rules.maximumFunctionLines} lines: give its steps names.`,
    })
  }
  visit(source, {
    FunctionDeclaration: check,
    FunctionExpression: check,
    ArrowFunctionExpression: check,
  })
  return problems
}
