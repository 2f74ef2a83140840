import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** Whether a file is the program that was started, and not imported by another. */
export function isMain(url: string): boolean {
  const started = process.argv[1]
  return started !== undefined && pathToFileURL(realpathSync(started)).href === url
}
