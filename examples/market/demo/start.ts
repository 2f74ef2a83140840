import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isBanyanError } from 'banyan'
import { createLogger, loadApp, type RunningApp, startApp } from 'banyan/host'
import { Shop } from '../retail/shop.js'
import { openShop, visit } from './visitors.js'

const help = `Opens the shop, with a gentle synthetic load: a visitor every second.

  npm start                       on http://127.0.0.1:3000
  PORT=8080 npm start             on another port
  npm start -- --quiet            without visitors

  BANYAN_DATA=folder              where the embedded database lies; default .banyan/data in examples/market
  DATABASE_URL=postgres://…       a PostgreSQL of your own instead of the embedded one
  LOG_LEVEL=info                  tells more; default warn

Ctrl-C closes it in order.`

const visitorEveryMs = 1_000
const reportEveryMs = 30_000
// One press of Ctrl-C comes several times: from the terminal, and from each npm in between.
const samePressMs = 1_500

async function open(): Promise<RunningApp> {
  try {
    return await startApp({
      loaded: await loadApp({ folder: process.cwd() }),
      environment: process.env,
      logger: createLogger({ level: (process.env.LOG_LEVEL ?? 'warn') as 'warn' }),
    })
  } catch (error) {
    if (!isBanyanError(error)) throw error
    console.error(`✗ ${error.message}`)
    if (error.code === 'port-in-use') console.error('  PORT=8080 npm start chooses another port.')
    process.exit(1)
  }
}

function greet(running: RunningApp, openAfterMs: number): void {
  const { version, kind } = running.store.describe()
  const url = running.url as string
  const data = kind === 'embedded' ? (process.env.BANYAN_DATA ?? 'examples/market/.banyan/data') : 'DATABASE_URL'
  console.log(`
  The market is open after ${(openAfterMs / 1000).toFixed(1)} s: ${running.runtime.contracts.size} modules in one process, PostgreSQL ${version} (${kind}).

  read and try the API   ${url}/docs
  products               ${url}/products?text=mug
  newest orders          ${url}/orders
  revenue by country     ${url}/revenue/countries
  health, metrics        ${url}/readyz   ${url}/metrics

  Feed it real orders from a second terminal: npm run market:replay -- FILE
  Ctrl-C closes it; the data stays in ${data}.
`)
}

/** What goes on, now and then: how many came, and how far events are behind. */
function startReports(running: RunningApp, seen: Seen): void {
  const report = setInterval(() => {
    const { modules } = running.runtime.health()
    const waiting = modules.flatMap(({ subscriptions }) => subscriptions).reduce((sum, { lag }) => sum + lag, 0)
    const failed = modules.reduce((sum, { deadLetters }) => sum + deadLetters, 0)
    const troubles = failed > 0 ? ` · ${failed} dead letters (npx banyan dead-letters)` : ''
    console.log(`  ${seen.visitors} visitors · ${seen.failed} failed visits · ${waiting} events waiting${troubles}`)
  }, reportEveryMs)
  report.unref()
}

interface Seen {
  visitors: number
  failed: number
}

async function letVisitorsIn(shop: Shop, seen: Seen, stop: AbortSignal): Promise<void> {
  const seed = Date.now().toString(36)
  console.log('  A visitor comes in every second; each fills a cart, orders it, and some cancel.')
  while (!stop.aborted) {
    const visitor = `visitor-${seed}-${seen.visitors++}`
    visit(shop, visitor).catch((error: Error) => {
      if (stop.aborted) return
      seen.failed++
      if (seen.failed <= 3) console.error(`  ${visitor}: ${error.message}`)
    })
    await wait(visitorEveryMs, undefined, { signal: stop }).catch(() => undefined)
  }
}

function stopOn(signals: readonly NodeJS.Signals[], running: RunningApp, stopping: AbortController): void {
  let pressedAt: number | undefined
  const stop = async (): Promise<void> => {
    if (pressedAt !== undefined) {
      if (performance.now() - pressedAt > samePressMs) process.exit(130)
      return
    }
    pressedAt = performance.now()
    stopping.abort()
    console.log('\n  Closing: what is under way is finished first. Ctrl-C again ends it at once.')
    await running.stop()
    process.exit(0)
  }
  for (const signal of signals) process.on(signal, () => void stop())
}

function options(): { help?: boolean; quiet?: boolean } {
  try {
    return parseArgs({ options: { help: { type: 'boolean' }, quiet: { type: 'boolean' } } }).values
  } catch (error) {
    console.error(`✗ ${(error as Error).message}\n\n${help}`)
    process.exit(2)
  }
}

async function main(): Promise<void> {
  const given = options()
  if (given.help) {
    console.log(help)
    return
  }
  const begunAt = performance.now()
  const running = await open()
  const stopping = new AbortController()
  stopOn(['SIGINT', 'SIGTERM'], running, stopping)
  const shop = new Shop(running.url as string)
  // Before it says that it is open: who orders at once finds something on the shelves.
  if (!given.quiet) await openShop(shop)
  greet(running, performance.now() - begunAt)
  const seen: Seen = { visitors: 0, failed: 0 }
  if (given.quiet) return
  startReports(running, seen)
  await letVisitorsIn(shop, seen, stopping.signal)
}

await main()
