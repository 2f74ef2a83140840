import { type Program, parseSync, Visitor, type VisitorObject } from 'oxc-parser'
import { lineOf } from './files.js'

export interface Import {
  readonly specifier: string
  readonly line: number
}

/** A parsed file: the one place that knows the parser. */
export interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly program: Program
  /** Every static, dynamic and type import and every re-export, as written. */
  readonly imports: readonly Import[]
  /** String literals and beginnings of template literals: how a package is named that is loaded by a computed name. */
  readonly literals: readonly string[]
}

export class UnreadableSource extends Error {}

export const visit = (source: Source, handlers: VisitorObject): void => new Visitor(handlers).visit(source.program)

/** @throws UnreadableSource when the text does not parse. */
export function parseSource(path: string, text: string): Source {
  const result = parseSync(path, text)
  const [problem] = result.errors
  if (problem) throw new UnreadableSource(`${path}: ${problem.message}`)
  const program = result.program
  const imports: Import[] = []
  const literals: string[] = []
  const add = (specifier: string, start: number): void => {
    imports.push({ specifier, line: lineOf(text, start) })
  }
  for (const found of result.module.staticImports) add(found.moduleRequest.value, found.start)
  for (const found of result.module.staticExports) {
    const request = found.entries.find((entry) => entry.moduleRequest)?.moduleRequest
    if (request) add(request.value, found.start)
  }
  new Visitor({
    ImportExpression: (node) => {
      if (node.source.type === 'Literal' && typeof node.source.value === 'string') add(node.source.value, node.start)
    },
    TSImportType: (node) => add(node.source.value, node.start),
    Literal: (node) => {
      if (typeof node.value === 'string') literals.push(node.value)
    },
    TemplateLiteral: (node) => {
      const [beginning] = node.quasis
      if (beginning) literals.push(beginning.value.raw)
    },
  }).visit(program)
  return { path, text, program, imports, literals }
}
