import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { Told } from './told.js'

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

/** A file that cannot be replayed, and why. */
export class UnusableFile extends Told {}

interface Parsed {
  readonly record: string[]
  readonly info: { readonly lines: number }
}

const required = ['InvoiceNo', 'StockCode', 'Quantity', 'InvoiceDate', 'UnitPrice', 'Country'] as const
const optional = ['Description', 'CustomerID'] as const
type Column = (typeof required)[number] | (typeof optional)[number]

// More than any line has: a quote that is never closed is found here, instead of swallowing the file.
const lineBytesAtMost = 64 * 1024
const quantityAtMost = 1_000_000
const priceAtMost = 1_000_000
const lengthAtMost = { InvoiceNo: 50, StockCode: 40, CustomerID: 64, Country: 60 } as const

/**
 * Reads a file line by line, gzipped or not. A line that cannot be read is yielded as a text that says why.
 * @throws UnusableFile for a file that is not there or is not in the format
 */
export async function* readRetailFile(file: string): AsyncGenerator<RetailLine | string> {
  const source = createReadStream(file)
  const text = file.endsWith('.gz') ? source.pipe(createGunzip()) : source
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: lineBytesAtMost,
  })
  // Errors of reading and unpacking belong to whoever iterates.
  source.on('error', (error) => parser.destroy(error))
  text.on('error', (error: Error) => parser.destroy(error))
  text.pipe(parser)
  let header: string[] | undefined
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      if (header) yield readLine(header, record, info.lines)
      else header = readHeader(file, record)
    }
  } catch (error) {
    throw error instanceof UnusableFile ? error : new UnusableFile(unusable(file, error as NodeJS.ErrnoException))
  }
  if (!header) throw new UnusableFile(`${file} is empty`)
}

function unusable(file: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return `there is no file ${file}`
  if (error.code === 'CSV_MAX_RECORD_SIZE')
    return `${file}: a line is longer than ${lineBytesAtMost} bytes; is a quote not closed?`
  return `${file} cannot be read: ${error.message}`
}

function readHeader(file: string, names: readonly string[]): string[] {
  const missing = required.filter((name) => !names.includes(name))
  if (missing.length === 0) return [...names]
  throw new UnusableFile(
    `${file} is not in the Online Retail format: its first line has no ${missing.join(', ')}
  expected  ${[...required, ...optional].join(',')}
  found     ${names.join(',').slice(0, 200)}`,
  )
}

function readLine(header: readonly string[], record: readonly string[], number: number): RetailLine | string {
  const wrong = (what: string): string => `line ${number}: ${what}`
  if (record.length !== header.length) return wrong(`${record.length} columns instead of ${header.length}`)
  const cell = (name: Column): string => (record[header.indexOf(name)] ?? '').trim()
  const missing = required.filter((name) => cell(name) === '')
  if (missing.length > 0) return wrong(`no ${missing.join(', ')}`)
  for (const [name, most] of Object.entries(lengthAtMost) as [Column, number][])
    if (cell(name).length > most) return wrong(`${name} is longer than ${most} characters`)
  const quantity = Number(cell('Quantity'))
  if (!Number.isInteger(quantity) || quantity === 0 || Math.abs(quantity) > quantityAtMost)
    return wrong(`quantity ${cell('Quantity')}`)
  const price = cell('UnitPrice')
  if (!/^-?\d+(\.\d+)?$/.test(price) || Math.abs(Number(price)) > priceAtMost) return wrong(`price ${price}`)
  const at = timeOf(cell('InvoiceDate'))
  if (at === undefined) return wrong(`date ${cell('InvoiceDate')}`)
  return {
    invoice: cell('InvoiceNo'),
    sku: cell('StockCode'),
    description: cell('Description'),
    quantity,
    at,
    price,
    customer: cell('CustomerID').replace(/\.0$/, ''),
    country: cell('Country'),
  }
}

/** The data set goes around with times written in two ways: `2010-12-01 08:26:00`, and `12/1/2010 8:26`. */
function timeOf(text: string): string | undefined {
  const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})$/.exec(text)
  const [, month = '', day = '', year = '', hour = '', minute = ''] = american ?? []
  const iso = american
    ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}T${hour.padStart(2, '0')}:${minute}:00`
    : text.replace(' ', 'T')
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(iso)) return undefined
  const time = new Date(`${iso}Z`)
  // 31 February is no day, though JavaScript finds one.
  return Number.isNaN(time.getTime()) || !time.toISOString().startsWith(iso) ? undefined : time.toISOString()
}
