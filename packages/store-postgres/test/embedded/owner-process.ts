/**
 * A process that owns an embedded server, to be killed by tests. Takes the options of startEmbedded as JSON; tells one
 * JSON object per line: `started` or `failed`, what is logged, every acknowledged commit. Input: `write` begins
 * to commit rows one after another, `stop` stops the server, the end of the input ends the process.
 */
import { createInterface } from 'node:readline'
import { isBanyanError } from '@banyan/errors'
import { type EmbeddedServer, startEmbedded } from '@banyan/store-postgres'
import pg from 'pg'

const tell = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function write(server: EmbeddedServer): Promise<void> {
  const client = new pg.Client(server.connection)
  client.on('error', (error) => tell({ writing: error.message }))
  await client.connect()
  await client.query('create table if not exists written (id bigint generated always as identity primary key)')
  for (;;) {
    const { rows } = await client.query('insert into written default values returning id')
    tell({ committed: Number(rows[0].id) })
  }
}

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}')
  let server: EmbeddedServer
  try {
    server = await startEmbedded({ ...options, log: (line) => tell({ log: line.message, level: line.level }) })
  } catch (error) {
    if (!isBanyanError(error)) throw error
    tell({ failed: { code: error.code, message: error.message, details: error.details } })
    return
  }
  const { connection, pid, adopted, version } = server
  tell({ started: { connection, pid, adopted, version } })
  void server.closed.then(({ reason }) => tell({ closed: reason }))
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'write') write(server).catch((error) => tell({ writing: String(error) }))
    if (line === 'stop') await server.stop()
  }
}

await main()
process.exit(0)
