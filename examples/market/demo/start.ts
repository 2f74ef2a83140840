import { loadApp, startApp } from 'banyan/host'
import { Shop } from '../retail/shop.js'
import { openShop, visit } from './visitors.js'

const help = `Starts the shop and a gentle synthetic load.

  npm start [-- --quiet]     the shop on http://127.0.0.1:3000 (PORT chooses another port)
  --quiet                    no synthetic load`

if (process.argv.includes('--help')) {
  console.log(help)
  process.exit(0)
}

const begunAt = performance.now()
const visitorEveryMs = 1_000
const reportEveryMs = 30_000

const running = await startApp({
  loaded: await loadApp({ folder: process.cwd() }),
  // Quiet unless asked: what the terminal shows is about the shop.
  environment: { LOG_LEVEL: 'warn', ...process.env },
}).catch((error: Error) => {
  console.error(`✗ ${error.message}`)
  process.exit(1)
})
const url = running.url as string
const { version, kind } = running.store.describe()

console.log(`
  The market is open after ${((performance.now() - begunAt) / 1000).toFixed(1)} s: ${running.runtime.contracts.size} modules in one process, PostgreSQL ${version} (${kind}).

  docs       ${url}/docs
  products   ${url}/products
  orders     ${url}/orders
  revenue    ${url}/revenue/countries
  health     ${url}/readyz   ${url}/metrics

  Ctrl-C stops it; the data stays in examples/market/.banyan.
`)

const shop = new Shop(url)
let stopping = false
let visitors = 0
let failed = 0

async function load(): Promise<void> {
  await openShop(shop)
  const seed = Date.now().toString(36)
  console.log('  A visitor comes in every second.')
  while (!stopping) {
    const visitor = `visitor-${seed}-${visitors++}`
    void visit(url, shop, visitor).catch((error: Error) => {
      failed++
      if (failed <= 3 && !stopping) console.error(`  ${visitor}: ${error.message}`)
    })
    await new Promise((resolve) => setTimeout(resolve, visitorEveryMs))
  }
}

const report = setInterval(() => {
  const health = running.runtime.health()
  const lag = health.modules.flatMap(({ subscriptions }) => subscriptions).reduce((sum, one) => sum + one.lag, 0)
  console.log(`  ${visitors} visitors, ${failed} failed visits, ${lag} events waiting`)
}, reportEveryMs)
report.unref()

async function stop(): Promise<void> {
  if (stopping) process.exit(130)
  stopping = true
  console.log('\n  closing: work under way is finished first')
  await running.stop()
  process.exit(0)
}
process.on('SIGINT', () => void stop())
process.on('SIGTERM', () => void stop())

if (!process.argv.includes('--quiet')) await load()
