import { Client } from 'pg'
import { type Credentials, clientConfig, type Settings } from '../connection/settings.js'
import type { StoreLog } from '../store-log.js'
import { scramVerifier } from './password.js'
import { passwordSql } from './role-sql.js'

/**
 * Gives a role its password again after the server refused it: the secret was changed, or the role was restored from
 * elsewhere. Asked by many connections at once, it is done once.
 */
export function createLoginRepair(settings: Settings, credentials: Credentials, log: StoreLog): () => Promise<boolean> {
  let running: Promise<boolean> | undefined
  return () => {
    running ??= repair(settings, credentials, log).finally(() => {
      running = undefined
    })
    return running
  }
}

async function repair(
  { target, admin }: Settings,
  { user: role, password }: Credentials,
  log: StoreLog,
): Promise<boolean> {
  if (password === undefined) {
    log({
      level: 'error',
      message: 'The role has no password and the server asks for one; set BANYAN_STORE_SECRET',
      role,
    })
    return false
  }
  const client = new Client(clientConfig(target, admin, 'banyan admin'))
  // A connection that breaks rejects the statement that runs; there is nothing more to tell.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(passwordSql(role, scramVerifier(role, password)))
    const message = 'The login of a role was refused and its password set again; all processes need the same secret'
    log({ level: 'warn', message, role })
    return true
  } catch (error) {
    log({ level: 'error', message: 'The password of a role could not be set', role, error })
    return false
  } finally {
    await client.end()
  }
}
