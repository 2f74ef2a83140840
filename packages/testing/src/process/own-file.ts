import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// Sources are run as they are where this file is one: in the repository of Banyan itself.
const isSource = import.meta.url.endsWith('.ts')

/** A file of this package that is to be a process of its own. */
export function ownFile(name: string): string {
  return fileURLToPath(new URL(`../${name}.${isSource ? 'ts' : 'js'}`, import.meta.url))
}

/** What Node needs to run a file of this package, and apps in TypeScript. */
export function nodeArguments(): string[] {
  const loader = join(dirname(createRequire(import.meta.url).resolve('@oxc-node/core/package.json')), 'register.mjs')
  return [
    ...(isSource ? ['--conditions=banyan-source'] : []),
    '--enable-source-maps',
    '--import',
    pathToFileURL(loader).href,
  ]
}
