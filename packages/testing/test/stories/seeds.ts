import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Seeds that once found something: they are tried first, for ever. */
export function keptSeeds(folder: string): readonly number[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { seed: number }).seed)
}

/** Those that are kept, then the one that BANYAN_SEED names, else so many fresh ones. */
export function seedsToTry(folder: string, given: string | undefined, fresh: () => readonly number[]): number[] {
  return [...new Set([...keptSeeds(folder), ...(given ? [Number(given)] : fresh())])]
}

/** A seed that fails is printed, and kept: commit its file together with the correction. */
export async function keepingSeed(folder: string, seed: number, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.error(`BANYAN_SEED=${seed}`)
    mkdirSync(folder, { recursive: true })
    const found = String((error as Error).message).split('\n')[0]
    writeFileSync(join(folder, `${seed}.json`), `${JSON.stringify({ seed, found }, undefined, 2)}\n`)
    throw error
  }
}
