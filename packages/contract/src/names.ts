import type { ProblemReport } from './problems.js'

const identifier = /^[a-z][a-zA-Z0-9]*$/
const lengthMax = 40

export const nameForm = `letters and digits, beginning with a small letter, at most ${lengthMax}`

/** Names appear in SQL schemas, subjects of the broker and URLs, so they are plain identifiers. */
export function isName(text: unknown): text is string {
  return typeof text === 'string' && identifier.test(text) && text.length <= lengthMax
}

// A property of these names changes what an object is (a promise, a prototype), or cannot be told from a method.
const reservedNames: readonly string[] = [
  'then',
  'catch',
  'finally',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'toJSON',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
]

/** `banyan` names the platform's own tables, subjects and routes. */
const reservedModules: readonly string[] = ['banyan', 'public', 'internal', 'information', 'postgres', 'system']

export function checkName(report: ProblemReport, where: string, kind: string, name: unknown): void {
  if (!isName(name)) {
    report.add(where, {
      what: `${JSON.stringify(name)} is not a name for ${kind}`,
      allowed: nameForm,
      remedy: 'Rename it.',
    })
  } else if (reservedNames.includes(name) || (kind === 'a module' && reservedModules.includes(name))) {
    report.add(where, {
      what: `'${name}' is reserved`,
      allowed: `any other name (${nameForm})`,
      remedy: 'Rename it.',
    })
  }
}
