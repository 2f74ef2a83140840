import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Made up for these tests: every kind of line that the real file has, and some that no file should have. */
export const dirtyFile = fileURLToPath(new URL('../retail/data/dirty.csv', import.meta.url))

const data = new URL('../../../../../shared/data/retail/', import.meta.url)

/** Real order lines, where somebody put them beside the repository. */
export const realFile = fileURLToPath(new URL('online-retail-to-2011-08.csv.gz', data))
export const hasRealFile = existsSync(realFile)
export const realFileReason = 'needs ../shared/data/retail/online-retail-to-2011-08.csv.gz beside the repository'
