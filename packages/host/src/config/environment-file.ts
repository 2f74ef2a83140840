import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { problemsError } from '@banyan/errors'
import { type ConfigPlace, findConfig } from './load.js'

/**
 * Adds what `.env` beside the configuration says to the environment of this process. What is set already stays, so the
 * real environment wins. For programs that own their process: a host that embeds an app keeps its environment as it is.
 * Nothing of it is ever logged.
 * @throws `invalid-config` when there is no configuration, or the file cannot be read
 */
export function loadEnvironmentFile(place: ConfigPlace): void {
  const file = join(dirname(findConfig(place)), '.env')
  if (!existsSync(file)) return
  try {
    process.loadEnvFile(file)
  } catch (error) {
    const { code = 'unreadable' } = error as { code?: string }
    throw problemsError('invalid-config', {}, [
      {
        who: relative(place.folder, file) || file,
        where: 'load',
        what: `cannot be read (${code})`,
        allowed: 'a file of lines NAME=value that this user may read, or none',
        remedy: 'correct its permissions, or remove it',
      },
    ])
  }
}
