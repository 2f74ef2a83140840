import { intro, log, outro } from '@clack/prompts'
import { type Arguments, help, readArguments } from './arguments.js'
import { createProject, ownVersion } from './create-project.js'
import { initializeGit, installDependencies, packageManager, type Step } from './finish.js'
import { type Answers, askAnswers, defaultAnswers } from './questions.js'
import { Refusal } from './refusal.js'

async function main(given: Arguments): Promise<void> {
  if (given.help) return void process.stdout.write(help)
  if (given.version) return void process.stdout.write(`${ownVersion()}\n`)
  intro('A new Banyan project')
  // Without a terminal there is nobody to ask.
  const silent = given.yes || !process.stdin.isTTY
  const terminal = { input: process.stdin, output: process.stdout }
  const answers = silent ? defaultAnswers(given, process.cwd()) : await askAnswers(given, process.cwd(), terminal)
  if (!answers) {
    process.exitCode = 1
    return
  }
  const { files } = createProject(answers)
  log.success(`${files.length} files in ${answers.folder}`)
  finish(answers)
}

function finish({ folder, shownFolder, git, install }: Answers): void {
  const manager = packageManager(process.env)
  const installed = install ? installDependencies(folder, manager) : undefined
  tell('dependencies', installed)
  // After the install, so that the lock file is part of the first commit.
  if (git) tell('git repository', initializeGit(folder))
  const steps = [
    ...(shownFolder === '.' ? [] : [`cd ${shownFolder}`]),
    ...(installed?.done ? [] : [`${manager} install`]),
    `${manager} test`,
    `${manager} run dev`,
  ]
  log.message(`Next:\n${steps.map((step) => `  ${step}`).join('\n')}`)
  outro('The README of the project says the rest.')
  if (installed?.done === false) process.exitCode = 1
}

function tell(what: string, step: Step | undefined): void {
  if (step?.done) log.success(what)
  else if (step) log.warn(`no ${what}: ${step.why}`)
}

try {
  await main(readArguments(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  process.stderr.write(`✗ ${error.message}\n`)
  process.exitCode = 1
}
