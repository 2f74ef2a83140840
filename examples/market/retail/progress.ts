import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Told } from './told.js'

/** How far a replay is. */
export interface Progress {
  /** All documents before this one are done. */
  readonly done: number
  /** What was refused so far, by kind. */
  readonly refused: Readonly<Record<string, number>>
}

export const nothingDone: Progress = { done: 0, refused: {} }

/** @throws Told when the file is there and cannot be read */
export function readProgress(file: string): Progress {
  try {
    return { ...nothingDone, ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<Progress>) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nothingDone
    throw new Told(`${file} cannot be read (${(error as Error).message}); delete it to begin anew`)
  }
}

/** Replaces the file at once, so that a kill leaves the old or the new one. */
export function writeProgress(file: string, progress: Progress): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.new`, JSON.stringify(progress))
  renameSync(`${file}.new`, file)
}
