import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { type RetailLine, readRetailFile } from '../../retail/read-file.js'

const folder = mkdtempSync(join(tmpdir(), 'market-read-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const header = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'
let files = 0

async function read(content: string | Uint8Array, name = `${files++}.csv`): Promise<(RetailLine | string)[]> {
  const file = join(folder, name)
  writeFileSync(file, content)
  const lines: (RetailLine | string)[] = []
  for await (const line of readRetailFile(file)) lines.push(line)
  return lines
}

const good = '1,10001,TIN KETTLE,4,2021-03-01 09:01:00,12.5,501.0,France'
const parsed: RetailLine = {
  invoice: '1',
  sku: '10001',
  description: 'TIN KETTLE',
  quantity: 4,
  at: '2021-03-01T09:01:00.000Z',
  price: '12.5',
  customer: '501',
  country: 'France',
}

describe('what is read', () => {
  test('a line, gzipped or not, with a mark at the beginning, with any line ends, with the columns in any order', async () => {
    expect(await read(`${header}\n${good}\n`)).toEqual([parsed])
    expect(await read(gzipSync(`${header}\n${good}\n`), 'packed.csv.gz')).toEqual([parsed])
    expect(await read(`\ufeff${header}\r\n\r\n${good}\r\n`)).toEqual([parsed])
    const turned = 'Country,InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice\nFrance,1,10001,4,3/1/2021 9:01,12.5'
    expect(await read(turned)).toEqual([{ ...parsed, description: '', customer: '' }])
  })

  test('commas, quotes and line ends inside quotes', async () => {
    const text = `${header}\n1,10001,"TRAY, ""OAK""\nLARGE",4,2021-03-01 09:01:00,12.5,501.0,France\n1,10001,A 7" PLATE,4,2021-03-01 09:01:00,12.5,501.0,France\n`
    expect((await read(text)).map((line) => (line as RetailLine).description)).toEqual([
      'TRAY, "OAK"\nLARGE',
      'A 7" PLATE',
    ])
  })
})

describe('what is told by line, and left out', () => {
  test.each([
    ['2: no InvoiceNo, Country', ',10001,X,1,2021-03-01 09:01:00,1,,'],
    ['2: no StockCode', '1, ,X,1,2021-03-01 09:01:00,1,,France'],
    ['2: quantity many', '1,10001,X,many,2021-03-01 09:01:00,1,,France'],
    ['2: quantity 1.5', '1,10001,X,1.5,2021-03-01 09:01:00,1,,France'],
    ['2: quantity 0', '1,10001,X,0,2021-03-01 09:01:00,1,,France'],
    ['2: quantity 1000001', '1,10001,X,1000001,2021-03-01 09:01:00,1,,France'],
    ['2: price 1e3', '1,10001,X,1,2021-03-01 09:01:00,1e3,,France'],
    ['2: price 12,5', '1,10001,X,1,2021-03-01 09:01:00,"12,5",,France'],
    ['2: price 1000001', '1,10001,X,1,2021-03-01 09:01:00,1000001,,France'],
    ['2: date yesterday', '1,10001,X,1,yesterday,1,,France'],
    ['2: date 2021-02-31 09:01:00', '1,10001,X,1,2021-02-31 09:01:00,1,,France'],
    ['2: date 13/1/2021 9:01', '1,10001,X,1,13/1/2021 9:01,1,,France'],
    ['2: 4 columns instead of 8', '1,10001,X,1'],
    ['2: 9 columns instead of 8', '1,10001,X,Y,1,2021-03-01 09:01:00,1,,France'],
    ['2: StockCode is longer than 40 characters', `1,${'x'.repeat(41)},X,1,2021-03-01 09:01:00,1,,France`],
  ])('line %s', async (told, line) => {
    expect(await read(`${header}\n${line}\n${good}\n`)).toEqual([`line ${told}`, parsed])
  })
})

describe('what is no such file', () => {
  test('one that is not there', async () => {
    await expect(readRetailFile(join(folder, 'none.csv')).next()).rejects.toThrow(/^there is no file .*none\.csv$/)
  })

  test('one without the columns: those that are missing are named', async () => {
    await expect(read('InvoiceNo,StockCode,Qty,Country\n1,2,3,4\n')).rejects.toThrow(
      /is not in the Online Retail format: its first line has no Quantity, InvoiceDate, UnitPrice\n {2}expected {2}Inv/,
    )
    await expect(read('')).rejects.toThrow(/is empty$/)
  })

  test('one that is no gzip although it is called so, and one that was cut off', async () => {
    await expect(read(`${header}\n${good}\n`, 'false.csv.gz')).rejects.toThrow(/cannot be read: incorrect header check/)
    const packed = gzipSync(`${header}\n${`${good}\n`.repeat(50)}`)
    await expect(read(packed.subarray(0, packed.length - 20), 'cut.csv.gz')).rejects.toThrow(
      /cannot be read: unexpected end/,
    )
  })

  test('one with a quote that is never closed: it does not swallow the rest', async () => {
    const open = `1,10001,"OPEN,4,2021-03-01 09:01:00,12.5,501.0,France\n`
    await expect(read(`${header}\n${open}${`${good}\n`.repeat(2_000)}`)).rejects.toThrow(/is a quote not closed\?$/)
    await expect(read(`${header}\n${open}${good}\n`)).rejects.toThrow(/cannot be read: Quote Not Closed/)
  })
})
