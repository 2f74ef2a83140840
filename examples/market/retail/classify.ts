import type { OrderLine } from '../src/values.js'
import type { RetailLine } from './read-file.js'

/** What a line of the file stands for. */
export type LineKind = 'order' | 'cancellation' | 'stock-adjustment' | 'bad-debt' | 'below-a-penny' | 'unreadable'

/** What is odd about a line that is taken all the same. */
export type Oddity =
  | 'missing customer'
  | 'missing description'
  | 'free-text stock code'
  | 'negative quantity without a price'
  | 'zero price'

/** A document of the file: what is sent to the shop as one request. */
export type Document =
  | {
      readonly kind: 'order'
      readonly id: string
      readonly customer: string
      readonly country: string
      readonly at: string
      readonly lines: OrderLine[]
    }
  | {
      readonly kind: 'credit'
      readonly id: string
      readonly customer: string
      readonly country: string
      readonly at: string
      readonly lines: OrderLine[]
    }
  | {
      readonly kind: 'adjustment'
      readonly id: string
      readonly reason: string
      readonly lines: { sku: string; quantity: number }[]
    }

/** Everything that a file holds, as the shop is to see it. */
export interface RetailPlan {
  readonly documents: readonly Document[]
  readonly products: ReadonlyMap<string, { name: string; priceMinor: number }>
  /** What must be in stock before the first order, so that every order can be filled. */
  readonly opening: ReadonlyMap<string, number>
  /** Lines by kind; their sum is the number of lines of the file. */
  readonly kinds: ReadonlyMap<LineKind, number>
  readonly oddities: ReadonlyMap<Oddity, number>
  /** The first lines that could not be read, in words. */
  readonly unreadable: readonly string[]
}

/** Pounds as a decimal fraction in whole pence; undefined when it is not a whole number of pence. */
export function penceOf(price: string): number | undefined {
  const match = /^(-?)(\d+)(?:\.(\d{1,2})0*)?$/.exec(price)
  if (!match) return undefined
  const pence = Number(match[2]) * 100 + Number((match[3] ?? '').padEnd(2, '0'))
  return match[1] === '-' ? -pence : pence
}

/** What a line stands for, by the rules of the data set: C is a cancellation, A an adjustment of bad debt. */
export function kindOf(line: RetailLine): LineKind {
  const pence = penceOf(line.price)
  if (line.invoice.startsWith('A')) return 'bad-debt'
  if (pence === undefined) return 'below-a-penny'
  if (pence === 0) return 'stock-adjustment'
  if (pence < 0) return 'bad-debt'
  if (line.invoice.startsWith('C')) return line.quantity < 0 ? 'cancellation' : 'unreadable'
  return line.quantity > 0 ? 'order' : 'stock-adjustment'
}

function odditiesOf(line: RetailLine): Oddity[] {
  const odd: Oddity[] = []
  if (line.customer === '') odd.push('missing customer')
  if (line.description === '') odd.push('missing description')
  if (!/^\d{5}/.test(line.sku)) odd.push('free-text stock code')
  if (penceOf(line.price) === 0) odd.push(line.quantity < 0 ? 'negative quantity without a price' : 'zero price')
  return odd
}

function add<Key>(map: Map<Key, number>, key: Key, count = 1): void {
  map.set(key, (map.get(key) ?? 0) + count)
}

/** Turns lines into documents, in the order in which their invoices first appear. */
export async function planRetail(lines: AsyncIterable<RetailLine | string>): Promise<RetailPlan> {
  const kinds = new Map<LineKind, number>()
  const oddities = new Map<Oddity, number>()
  const unreadable: string[] = []
  const documents = new Map<string, Document>()
  const products = new Map<string, { name: string; priceMinor: number }>()
  const opening = new Map<string, number>()
  for await (const line of lines) {
    const kind = typeof line === 'string' ? 'unreadable' : kindOf(line)
    add(kinds, kind)
    if (typeof line === 'string') {
      if (unreadable.length < 10) unreadable.push(line)
      continue
    }
    for (const oddity of odditiesOf(line)) add(oddities, oddity)
    if (kind !== 'order' && kind !== 'cancellation' && kind !== 'stock-adjustment') continue
    const priceMinor = penceOf(line.price) ?? 0
    const known = products.get(line.sku)
    if (!known) products.set(line.sku, { name: line.description || line.sku, priceMinor })
    else if (known.priceMinor === 0 && priceMinor > 0) known.priceMinor = priceMinor
    // All that leaves the stock is there at the opening, so the outcome does not depend on the order of arrival.
    if (kind === 'order' || (kind === 'stock-adjustment' && line.quantity < 0))
      add(opening, line.sku, Math.abs(line.quantity))
    put(documents, line, kind, priceMinor)
  }
  return { documents: [...documents.values()], products, opening, kinds, oddities, unreadable }
}

function put(
  documents: Map<string, Document>,
  line: RetailLine,
  kind: 'order' | 'cancellation' | 'stock-adjustment',
  unitPriceMinor: number,
): void {
  const { invoice, sku } = line
  // One invoice may hold goods and adjustments; they are different requests.
  const id = kind === 'stock-adjustment' ? `${invoice}-stock` : invoice
  const document = documents.get(id) ?? begin(line, kind, id)
  documents.set(id, document)
  if (document.kind === 'adjustment') document.lines.push({ sku, quantity: line.quantity })
  else document.lines.push({ sku, quantity: Math.abs(line.quantity), unitPriceMinor })
}

function begin(
  { description, customer, country, at }: RetailLine,
  kind: 'order' | 'cancellation' | 'stock-adjustment',
  id: string,
): Document {
  if (kind === 'stock-adjustment')
    return { kind: 'adjustment', id, reason: description || 'no reason given', lines: [] }
  return { kind: kind === 'order' ? 'order' : 'credit', id, customer: customer || 'guest', country, at, lines: [] }
}
