import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Makes a folder that only its owner can look into; one that is there already is closed to others. */
export function privateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
}

/** Writes a file that only its owner can read; beside it first, so that nobody ever reads half of it. */
export function writePrivate(file: string, text: string): void {
  const beside = `${file}.new`
  writeFileSync(beside, text, { mode: 0o600 })
  // A file that a crash left beside it keeps the mode it had.
  chmodSync(beside, 0o600)
  renameSync(beside, file)
}

/** Undefined when there is none. */
export function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
