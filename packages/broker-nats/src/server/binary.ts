import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { banyanError } from '@banyan/errors'

type Environment = Readonly<Record<string, string | undefined>>

const fileName = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server'

/**
 * Where the NATS server is: NATS_SERVER_BIN, else the first on PATH. No npm package carries it, and nothing is downloaded
 * at run time.
 * @throws broker-missing with what to do
 */
export async function locateNatsServer(environment: Environment = process.env): Promise<string> {
  const named = environment.NATS_SERVER_BIN
  if (named) {
    if (await isProgram(named)) return named
    throw banyanError('broker-missing', { where: `NATS_SERVER_BIN names ${named}, which is no program` })
  }
  for (const folder of (environment.PATH ?? '').split(delimiter))
    if (folder !== '' && (await isProgram(join(folder, fileName)))) return join(folder, fileName)
  throw banyanError('broker-missing', { where: `neither NATS_SERVER_BIN nor PATH leads to ${fileName}` })
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false // whatever the reason, it cannot be started
  }
}
