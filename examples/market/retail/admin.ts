import { createLogger, loadApp, openDatabase } from 'banyan/host'
import pg from 'pg'
import { Told } from './told.js'

/** Works in the database of the shop as its admin, beside the running shop or without it. */
export async function asAdmin<T>(environment: NodeJS.ProcessEnv, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { folder, config } = await loadApp({ folder: process.cwd() })
  const logger = createLogger({ level: 'warn' })
  const database = await openDatabase({ folder, config, environment, logger, guest: true })
  const client = new pg.Client(database.connection)
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    // There is no such table.
    if ((error as { code?: string }).code !== '42P01') throw error
    throw new Told('no shop was ever opened on this database: npm start opens one')
  } finally {
    await client.end()
    await database.close()
  }
}
