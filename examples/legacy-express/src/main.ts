import { startEmbedded } from 'banyan/store'
import pg from 'pg'
import { createBanyan } from './banyan.js'
import { createShop } from './legacy/shop.js'
import { createTables } from './legacy/tables.js'

const url = process.env.DATABASE_URL
// A shop that exists has a server; this one can be tried without.
const server = url ? undefined : await startEmbedded({ dataDir: '.banyan/data' })
const connection = server ? server.connection : { connectionString: url as string }

const pool = new pg.Pool(connection)
// A connection that is lost while nobody uses it is replaced; without this it would end the process.
pool.on('error', (error) => console.error('A connection was lost:', error.message))
await createTables(pool)
const banyan = createBanyan(connection)
// The process is the shop's, so it decides when to stop, and what before what.
const listener = createShop(pool, banyan).listen(Number(process.env.PORT ?? 3000), () => {
  console.log('The shop listens at', listener.address())
})

const stop = async (): Promise<void> => {
  await new Promise((done) => listener.close(done))
  await banyan.stop()
  await pool.end()
  await server?.stop()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
