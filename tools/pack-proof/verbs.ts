import { attempt } from './run.js'

interface Verb {
  readonly line: readonly string[]
  /** What must be in the JSON that is printed; absent: anything. */
  readonly prints?: RegExp
  readonly status?: number
}

const place = JSON.stringify({ email: 'ada@example.org', lines: [{ sku: 'tea', quantity: 1, unitPriceMinor: 100 }] })
const tooMuch = JSON.stringify({
  email: 'ada@example.org',
  lines: [{ sku: 'gold', quantity: 999, unitPriceMinor: 5_000 }],
})

/** What a newcomer tries, one after the other. */
const verbs: readonly Verb[] = [
  { line: ['check', '--json'], prints: /"problems": \[\]/ },
  { line: ['doctor', '--json'], prints: /embedded PostgreSQL is installed/ },
  { line: ['call', 'orders.place', place, '--json'], prints: /"orderId"/ },
  { line: ['call', 'orders.place', tooMuch, '--json'], prints: /orders\.tooExpensive/, status: 1 },
  { line: ['call', 'orders.byID', '{}', '--json'], status: 2 },
  { line: ['contract', 'emit', 'orders', '--json'], prints: /"orders"/ },
  { line: ['db', 'status', '--json'], prints: /"applied"/ },
  { line: ['db', 'migrate', '--dry-run', '--json'], prints: /\[\]/ },
  { line: ['db', 'migrate', '--json'], prints: /"orders"/ },
  { line: ['db', 'reset-subscription', 'notifications', 'orders', '--from', 'now', '--json'] },
  { line: ['dead-letters', 'list', '--json'], prints: /\[\]/ },
  { line: ['nonsense'], status: 2 },
]

/** Runs each verb in the project; returns those that were tried. */
export async function tryVerbs(project: string): Promise<string[]> {
  return verbs.map(({ line, prints = /^/, status = 0 }) => {
    const ran = attempt(project, 'npx', ['--no-install', 'banyan', ...line])
    const shown = line.map((part) => (part.length > 20 ? '…' : part)).join(' ')
    if (ran.status !== status || !prints.test(ran.stdout))
      throw new Error(`banyan ${shown} ended with ${ran.status}\n${ran.stdout}\n${ran.stderr}`)
    return shown
  })
}
