import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { appName, nameProblem } from './project-name.js'
import { Refusal } from './refusal.js'

export interface ProjectOptions {
  /** Absolute path; made when it is not there. */
  readonly folder: string
  /** Name of the package and of the app. */
  readonly name: string
}

export interface CreatedProject {
  /** Paths of the files that were written, relative to the folder. */
  readonly files: readonly string[]
}

const packageFolder = join(dirname(fileURLToPath(import.meta.url)), '..')
const templateFolder = join(packageFolder, 'templates', 'app')
/** Stand in the template where the names of the package and of the app go. */
const placeholders = { package: 'my-banyan-app', app: 'myBanyanApp' }
/** What a folder may hold already: it is not anybody's work. */
const harmless = new Set(['.git', '.DS_Store', 'Thumbs.db'])

/**
 * Writes the project of the template into a folder that is empty or not there yet.
 * @throws Refusal when the folder holds something, is a file, or the name cannot be one
 */
export function createProject({ folder, name }: ProjectOptions): CreatedProject {
  const problem = nameProblem(name)
  if (problem !== undefined) throw new Refusal(`${name} cannot be the name. ${problem}`)
  refuseTaken(folder)
  const files = templateFiles(templateFolder).map((path) => {
    // npm leaves a .gitignore out of what it publishes.
    const written = path.replace(/(^|[/\\])_gitignore$/, '$1.gitignore')
    const target = join(folder, written)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, contentOf(path, name))
    return written
  })
  return { files }
}

function refuseTaken(folder: string): void {
  if (!existsSync(folder)) return
  if (!statSync(folder).isDirectory()) throw new Refusal(`${folder} is a file. Choose another folder.`)
  const held = readdirSync(folder).filter((entry) => !harmless.has(entry))
  if (held.length === 0) return
  const shown = held.slice(0, 3).join(', ') + (held.length > 3 ? ` and ${held.length - 3} more` : '')
  throw new Refusal(`${folder} is not empty (${shown}). Choose another folder, or empty it first; nothing was written.`)
}

function templateFiles(folder: string, inside = ''): string[] {
  return readdirSync(join(folder, inside), { withFileTypes: true }).flatMap((entry) => {
    const path = join(inside, entry.name)
    return entry.isDirectory() ? templateFiles(folder, path) : [path]
  })
}

function contentOf(path: string, name: string): string {
  const text = readFileSync(join(templateFolder, path), 'utf8')
    .replaceAll(placeholders.package, name)
    .replaceAll(placeholders.app, appName(name))
  if (path !== 'package.json') return text
  const manifest = JSON.parse(text) as { dependencies: Record<string, string> }
  // A project begins with the Banyan that its template was tested with.
  manifest.dependencies.banyan = `^${ownVersion()}`
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

/** The version of create-banyan, which is that of every package of Banyan. */
export function ownVersion(): string {
  return (JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }).version
}
