import { writeFileSync } from 'node:fs'
import fc from 'fast-check'

const seed = 20_210_301

const line = fc.record({
  sku: fc.integer({ min: 10_001, max: 10_200 }),
  quantity: fc.integer({ min: 1, max: 48 }),
  pence: fc.integer({ min: 10, max: 4_999 }),
})
const invoice = fc.record({
  lines: fc.array(line, { minLength: 1, maxLength: 40 }),
  cancels: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  customer: fc.integer({ min: 0, max: 30 }),
  country: fc.constantFrom('United Kingdom', 'France', 'EIRE', 'Germany'),
})

/** A file with so many orders and credit notes, always the same ones. Returns its path. */
export function madeUpFile(file: string, count: number): string {
  const rows = ['InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country']
  fc.sample(invoice, { seed, numRuns: count }).forEach(({ lines, cancels, customer, country }, n) => {
    const number = `${cancels ? 'C' : ''}${800_000 + n}`
    const minute = String(n % 60).padStart(2, '0')
    for (const { sku, quantity, pence } of lines)
      rows.push(
        `${number},${sku},PRODUCT ${sku},${cancels ? -quantity : quantity},2021-03-0${1 + (n % 9)} 10:${minute}:00,${(pence / 100).toFixed(2)},${customer || ''},${country}`,
      )
  })
  writeFileSync(file, `${rows.join('\n')}\n`)
  return file
}
