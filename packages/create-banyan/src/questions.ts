import { basename, resolve } from 'node:path'
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

/** Asks for what the command line left open; undefined when the person gave up. */
export async function askAnswers(given: Arguments, working: string): Promise<Answers | undefined> {
  const shownFolder =
    given.folder ?? (await ask(text({ message: 'Where?', placeholder: defaultFolder, defaultValue: defaultFolder })))
  if (shownFolder === undefined) return undefined
  const base = defaultAnswers({ ...given, folder: shownFolder }, working)
  const name =
    given.name ??
    (await ask(
      text({
        message: 'Name of the app?',
        placeholder: base.name,
        defaultValue: base.name,
        validate: (value) => (value ? nameProblem(value) : undefined),
      }),
    ))
  if (name === undefined) return undefined
  const git = given.git ?? (await ask(confirm({ message: 'Make it a git repository?' })))
  if (git === undefined) return undefined
  const install = given.install ?? (await ask(confirm({ message: 'Install dependencies now?' })))
  return install === undefined ? undefined : { ...base, name, git, install }
}

async function ask<Value>(question: Promise<Value>): Promise<Exclude<Value, symbol> | undefined> {
  const answer = await question
  if (!isCancel(answer)) return answer as Exclude<Value, symbol>
  cancel('Nothing was written.')
  return undefined
}
