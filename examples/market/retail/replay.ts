import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Document, planRetail, type RetailPlan } from './classify.js'
import { paymentMethodOf } from './method.js'
import { readRetailFile } from './read-file.js'
import { Shop } from './shop.js'

const help = `Feeds a file in the UCI Online Retail format through the HTTP API of the shop.

  npm run market:replay -- FILE [--url http://127.0.0.1:3000] [--in-flight 32] [--limit N] [--state FILE]

  FILE         .csv or .csv.gz
  --in-flight  requests under way at a time
  --limit      only the first N documents
  --state      where progress is kept; a second run goes on from there (default: .banyan/replay-<file>.json)`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string', default: 'http://127.0.0.1:3000' },
      'in-flight': { type: 'string', default: '32' },
      limit: { type: 'string' },
      state: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const [given] = positionals
  if (values.help || given === undefined) {
    console.log(help)
    process.exitCode = values.help ? 0 : 2
    return
  }
  // npm runs scripts in the folder of the example; the file was named where the user stood.
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), given)
  console.log(`reading ${file}`)
  const plan = await planRetail(readRetailFile(file))
  report(plan)
  const shop = new Shop(values.url)
  if (!(await shop.ready())) console.log(`waiting for the shop at ${values.url} (start it with: npm start)`)
  const documents = plan.documents.slice(0, values.limit === undefined ? undefined : Number(values.limit))
  const state = resolve(values.state ?? `.banyan/replay-${basename(file)}.json`)
  await prepare(shop, plan)
  await send(shop, documents, Number(values['in-flight']), state)
}

/** Products and opening stock. Repeating it changes nothing: the keys are the same. */
async function prepare(shop: Shop, plan: RetailPlan): Promise<void> {
  const products = [...plan.products].map(([sku, product]) => ({ sku, ...product }))
  for (let at = 0; at < products.length; at += 500)
    await shop.post('/products/batch', `products-${at}`, { products: products.slice(at, at + 500) })
  const lines = [...plan.opening].map(([sku, quantity]) => ({ sku, quantity }))
  for (let at = 0; at < lines.length; at += 500)
    await shop.post('/stock/receipts', `opening-${at}`, { lines: lines.slice(at, at + 500) })
  console.log(`${products.length} products on sale, opening stock of ${lines.length} booked`)
}

function request(document: Document): [path: string, body: unknown] {
  if (document.kind === 'adjustment')
    return ['/stock/adjustments', { reason: document.reason.slice(0, 200), lines: document.lines }]
  const { id, customer: customerId, country, at, lines } = document
  return document.kind === 'credit'
    ? ['/credits', { creditId: id, customerId, country, creditedAt: at, lines }]
    : ['/orders', { orderId: id, customerId, country, placedAt: at, paymentMethod: paymentMethodOf(id), lines }]
}

/** Sends documents in order of the file, a bounded number at a time, and remembers how far all before are done. */
async function send(shop: Shop, documents: readonly Document[], inFlight: number, state: string): Promise<void> {
  const begin = Math.min(readState(state), documents.length)
  if (begin > 0) console.log(`going on after ${begin} documents`)
  const done = new Set<number>()
  let next = begin
  let floor = begin
  let refused = 0
  const startedAt = Date.now()
  let shownAt = startedAt
  const worker = async (): Promise<void> => {
    for (let index = next++; index < documents.length; index = next++) {
      const document = documents[index] as Document
      const [path, body] = request(document)
      try {
        await shop.post(path, `retail-${document.id}`, body)
      } catch (error) {
        refused++
        console.error(`✗ ${document.id}: ${(error as Error).message}`)
        if (refused > 20) throw new Error('more than 20 requests were refused')
      }
      done.add(index)
      while (done.delete(floor)) floor++
      if (Date.now() - shownAt < 1_000) continue
      shownAt = Date.now()
      writeState(state, floor)
      const rate = ((floor - begin) / (shownAt - startedAt)) * 1000
      console.log(
        `${floor} of ${documents.length} documents · ${Math.round(rate)}/s · ${Math.ceil((documents.length - floor) / Math.max(1, rate))} s to go · ${shop.retries} retries`,
      )
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  writeState(state, floor)
  const seconds = (Date.now() - startedAt) / 1000
  console.log(
    `sent ${documents.length - begin} documents in ${seconds.toFixed(1)} s (${Math.round((documents.length - begin) / seconds)}/s), ${shop.retries} retries, ${refused} refused`,
  )
  if (refused > 0) process.exitCode = 1
}

function readState(file: string): number {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { done: number }).done
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw new Error(`${file} cannot be read (${(error as Error).message}); delete it to begin anew`)
  }
}

function writeState(file: string, done: number): void {
  writeFileSync(`${file}.new`, JSON.stringify({ done }))
  renameSync(`${file}.new`, file)
}

function report({ documents, kinds, oddities, unreadable }: RetailPlan): void {
  const lines = [...kinds.values()].reduce((sum, count) => sum + count, 0)
  console.log(`${lines} lines, ${documents.length} documents`)
  for (const [kind, count] of kinds) console.log(`  ${String(count).padStart(8)}  ${kind}`)
  console.log('odd, but taken:')
  for (const [kind, count] of oddities) console.log(`  ${String(count).padStart(8)}  ${kind}`)
  for (const line of unreadable) console.log(`  not read: ${line}`)
}

await main()
