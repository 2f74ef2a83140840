import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where the data of the specifications lies, beside the repository. */
const folder = fileURLToPath(new URL('../../../../../shared/data/spec/', import.meta.url))

/** Whether a file of it is there; tests that need it say its name when they are skipped. */
export const hasSharedData = (file: string): boolean => existsSync(`${folder}${file}`)

export function readSharedJson<Content>(file: string): Content {
  // Long lines of an RFC are folded with a backslash at their end (RFC 8792), which is no JSON.
  const text = readFileSync(`${folder}${file}`, 'utf8').replace(/\\\n\s*/g, '')
  return JSON.parse(text) as Content
}
