import { basename, resolve } from 'node:path'
import { type Document, planRetail, type RetailPlan } from './classify.js'
import { nothingDone, type Progress, readProgress } from './progress.js'
import { readRetailFile } from './read-file.js'
import { openWith } from './requests.js'
import { type Sent, send } from './send.js'
import { Shop } from './shop.js'
import { type Given, runTool, wholeNumber } from './tool.js'

const help = `Feeds a file in the UCI Online Retail format through the HTTP API of the shop, which must be open (npm start).

  npm run market:replay -- FILE [--url URL] [--in-flight 32] [--limit N] [--state FILE]

  FILE         .csv or .csv.gz, with the columns InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
               CustomerID and Country
  --url        where the shop is open; default http://127.0.0.1:3000, or the port in PORT
  --in-flight  requests under way at a time, 1 to 1000; default 32
  --limit      only the first N documents (a document is an order, a credit note or an adjustment of stock)
  --state      where progress is kept; default .banyan/replay-<file>.json in examples/market

Ctrl-C ends it in order. The same command again goes on where it ended, also after a kill of either side: every request
has a key, so what is sent twice takes effect once. Then: npm run market:audit -- FILE`

const options = {
  url: { type: 'string' },
  'in-flight': { type: 'string' },
  limit: { type: 'string' },
  state: { type: 'string' },
} as const

const openWithinMs = 60_000
const interrupted = 130

async function replay(given: Given): Promise<number> {
  const { values, file } = given
  const limit = wholeNumber(given, 'limit', 0)
  const inFlight = Math.min(1_000, wholeNumber(given, 'in-flight', 1) ?? 32)
  const url = (values.url as string | undefined) ?? `http://127.0.0.1:${process.env.PORT ?? 3000}`
  const state = resolve((values.state as string | undefined) ?? `.banyan/replay-${basename(file)}.json`)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())

  console.log(`reading ${file}`)
  const plan = await planRetail(readRetailFile(file))
  report(plan)
  const shop = new Shop(url.replace(/\/$/, ''))
  await shop.awaited(openWithinMs, () =>
    console.log(`no shop is open at ${url} yet (npm start opens one); waiting for it for ${openWithinMs / 1000} s`),
  )
  const documents = plan.documents.slice(0, limit)
  const begin = await beginning(shop, documents, readProgress(state))
  await openWith(shop, plan)
  console.log(`${plan.products.size} products on sale, opening stock of ${plan.opening.size} booked`)
  const sent = await send(shop, { documents, begin, inFlight, state, stop: stop.signal })
  conclude(sent, documents.length, shop.retries)
  if (stop.signal.aborted && sent.progress.done < documents.length) return interrupted
  return Object.keys(sent.progress.refused).length > 0 ? 1 : 0
}

/** Where an earlier run ended, if the shop is the same one: its data may have been thrown away since. */
async function beginning(shop: Shop, documents: readonly Document[], kept: Progress): Promise<Progress> {
  const done = Math.min(kept.done, documents.length)
  if (done === 0) return nothingDone
  const last = documents.slice(0, done).findLast(({ kind }) => kind === 'order')
  if (last && (await shop.get(`/orders/${encodeURIComponent(last.id)}`)) === undefined) {
    console.log(`the shop does not know order ${last.id}, which was sent before: beginning anew`)
    return nothingDone
  }
  console.log(`going on after ${done} documents`)
  return { ...kept, done }
}

function report({ documents, kinds, oddities, unreadable }: RetailPlan): void {
  const lines = [...kinds.values()].reduce((sum, count) => sum + count, 0)
  console.log(`${lines} lines, ${documents.length} documents`)
  for (const [kind, count] of kinds) console.log(`  ${String(count).padStart(8)}  ${kind}`)
  if (oddities.size > 0) console.log('odd, but taken:')
  for (const [kind, count] of oddities) console.log(`  ${String(count).padStart(8)}  ${kind}`)
  for (const line of unreadable) console.log(`  not read: ${line}`)
  const more = (kinds.get('unreadable') ?? 0) - unreadable.length
  if (more > 0) console.log(`  and ${more} more`)
}

function conclude({ progress, count, seconds }: Sent, total: number, retries: number): void {
  const rate = Math.round(count / Math.max(0.001, seconds))
  console.log(`sent ${count} documents in ${seconds.toFixed(1)} s (${rate}/s), ${retries} retries`)
  const refused = Object.entries(progress.refused)
  for (const [kind, times] of refused) console.log(`  ${String(times).padStart(8)}  refused: ${kind}`)
  if (progress.done < total) console.log(`${total - progress.done} are left: the same command again goes on`)
  else console.log(refused.length > 0 ? 'done, but not all was taken' : `all ${total} documents were taken`)
}

await runTool(help, options, replay)
