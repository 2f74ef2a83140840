import { basename, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { cancel, confirm, isCancel, text } from '@clack/prompts'
import type { Arguments } from './arguments.js'
import { nameProblem, projectName } from './project-name.js'

/** What is known once everything is asked. */
export interface Answers {
  /** As it was given, for showing it again. */
  readonly shownFolder: string
  readonly folder: string
  readonly name: string
  readonly git: boolean
  readonly install: boolean
}

const defaultFolder = 'my-banyan-app'

/** The defaults of everything that the command line left open. */
export function defaultAnswers(given: Arguments, working: string): Answers {
  const shownFolder = given.folder ?? defaultFolder
  const folder = resolve(working, shownFolder)
  return {
    shownFolder,
    folder,
    name: given.name ?? projectName(basename(folder)),
    git: given.git ?? true,
    install: given.install ?? true,
  }
}

/** Where questions are shown, and where the keys come from. */
export interface Terminal {
  readonly input: Readable
  readonly output: Writable
}

/** Asks for what the command line left open; undefined when the person gave up. */
export async function askAnswers(given: Arguments, working: string, terminal: Terminal): Promise<Answers | undefined> {
  const ask = <Value>(question: Promise<Value>) => answered(question, terminal)
  const shownFolder =
    given.folder ??
    (await ask(text({ ...terminal, message: 'Where?', placeholder: defaultFolder, defaultValue: defaultFolder })))
  if (shownFolder === undefined) return undefined
  const base = defaultAnswers({ ...given, folder: shownFolder }, working)
  const name =
    given.name ??
    (await ask(
      text({
        ...terminal,
        message: 'Name of the app?',
        placeholder: base.name,
        defaultValue: base.name,
        validate: (value) => (value ? nameProblem(value) : undefined),
      }),
    ))
  if (name === undefined) return undefined
  const git = given.git ?? (await ask(confirm({ ...terminal, message: 'Make it a git repository?' })))
  if (git === undefined) return undefined
  const install = given.install ?? (await ask(confirm({ ...terminal, message: 'Install dependencies now?' })))
  return install === undefined ? undefined : { ...base, name, git, install }
}

async function answered<Value>(
  question: Promise<Value>,
  { output }: Terminal,
): Promise<Exclude<Value, symbol> | undefined> {
  const answer = await question
  if (!isCancel(answer)) return answer as Exclude<Value, symbol>
  cancel('Nothing was written.', { output })
  return undefined
}
