import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { appDatabase, createLogger, loadApp } from 'banyan/host'
import pg from 'pg'
import { againstFile } from './against-file.js'
import { agreement } from './agreement.js'
import { beginAtRest, deliveryFindings } from './at-rest.js'
import { booksOf } from './books.js'
import { planRetail } from './classify.js'
import { expectationOf } from './expectation.js'
import { readRetailFile } from './read-file.js'

const help = `Proves from the database that money, stock and events agree with a file that was replayed, to the penny.

  npm run market:audit -- FILE [--limit N]

It looks at a moment at which no event is unhandled and no job is left, and waits for one; the shop may go on selling.`

/** Reads the books as the database's admin, beside the running shop or without it. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { limit: { type: 'string' }, help: { type: 'boolean' } },
  })
  const [given] = positionals
  if (values.help || given === undefined) {
    console.log(help)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), given)
  const plan = await planRetail(readRetailFile(file))
  const documents = plan.documents.slice(0, values.limit === undefined ? undefined : Number(values.limit))
  const loaded = await loadApp({ folder: process.cwd() })
  const database = await appDatabase(loaded, process.env, createLogger({ level: 'warn' }), true)
  const client = new pg.Client(database.connection)
  try {
    await client.connect()
    await beginAtRest(client)
    const findings = [
      ...(await againstFile(client, expectationOf(plan, documents))),
      ...(await agreement(booksOf(client))),
      ...(await deliveryFindings(client)),
    ]
    for (const { what, expected, found } of findings)
      console.log(expected === found ? `✓ ${what}: ${found}` : `✗ ${what}: expected ${expected}, found ${found}`)
    const wrong = findings.filter(({ expected, found }) => expected !== found).length
    console.log(
      wrong === 0
        ? `audit clean: ${findings.length} of ${findings.length} agree`
        : `audit failed: ${wrong} of ${findings.length} differ`,
    )
    process.exitCode = wrong === 0 ? 0 : 1
  } finally {
    await client.end()
    await database.close()
  }
}

await main()
