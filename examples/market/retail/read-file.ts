import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'

/** A line of a file in the UCI Online Retail format. */
export interface RetailLine {
  invoice: string
  sku: string
  description: string
  quantity: number
  /** ISO time, UTC. */
  at: string
  /** As written: a decimal fraction of a pound. */
  price: string
  customer: string
  country: string
}

interface RawLine {
  InvoiceNo: string
  StockCode: string
  Description: string
  Quantity: string
  InvoiceDate: string
  UnitPrice: string
  CustomerID: string
  Country: string
}

const columns = ['InvoiceNo', 'StockCode', 'Quantity', 'InvoiceDate', 'UnitPrice', 'Country'] as const

/**
 * Reads a file line by line, gzipped or not.
 * @throws when a column is missing; a line that cannot be read is yielded as a text that says why
 */
export async function* readRetailFile(file: string): AsyncGenerator<RetailLine | string> {
  const source = createReadStream(file)
  const text = file.endsWith('.gz') ? source.pipe(createGunzip()) : source
  const parser = parse({
    columns: true,
    bom: true,
    skip_empty_lines: true,
    relax_column_count: true,
    relax_quotes: true,
  })
  // Errors of reading and unpacking belong to whoever iterates.
  source.on('error', (error) => parser.destroy(error))
  text.on('error', (error: Error) => parser.destroy(error))
  text.pipe(parser)
  let number = 1
  for await (const raw of parser as AsyncIterable<Partial<RawLine>>) {
    number++
    const missing = columns.filter((name) => !raw[name])
    if (number === 2 && missing.length === columns.length)
      throw new Error(`${file} has none of the columns ${columns.join(', ')}: it is not in the Online Retail format`)
    yield missing.length > 0 ? `line ${number}: no ${missing.join(', ')}` : readLine(raw as RawLine, number)
  }
}

function readLine(raw: RawLine, number: number): RetailLine | string {
  const quantity = Number(raw.Quantity)
  if (!Number.isInteger(quantity) || quantity === 0) return `line ${number}: quantity ${raw.Quantity}`
  if (!/^-?\d+(\.\d+)?$/.test(raw.UnitPrice)) return `line ${number}: price ${raw.UnitPrice}`
  const at = new Date(`${raw.InvoiceDate.replace(' ', 'T')}Z`)
  if (Number.isNaN(at.getTime())) return `line ${number}: date ${raw.InvoiceDate}`
  return {
    invoice: raw.InvoiceNo,
    sku: raw.StockCode.trim(),
    description: (raw.Description ?? '').trim(),
    quantity,
    at: at.toISOString(),
    price: raw.UnitPrice,
    customer: (raw.CustomerID ?? '').replace(/\.0$/, ''),
    country: raw.Country,
  }
}
