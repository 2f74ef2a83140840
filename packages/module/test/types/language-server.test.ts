import { execFile } from 'node:child_process'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateApp } from '../scale/generate.js'
import { LanguageServer } from './language-server.js'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const right = fileURLToPath(new URL('right/', import.meta.url))

/*
 * Members of `call`, `on`, `fail`, `emit`, `later`, `errors` and handlers are properties of the contract, not strings:
 * an editor goes from each to the contract, and renames all of them from any.
 */
describe('an editor', () => {
  const server = new LanguageServer()
  let document: { file: string; text: string }
  beforeAll(async () => {
    await server.start(right)
    document = await server.open(join(right, 'orders-module.ts'))
  })
  afterAll(() => server.stop())

  it.each([
    ['call', 'await call.inventory.reserve(', 'reserve', 'contracts.ts: reserve: {'],
    ['on', 'async captured(', 'captured', 'contracts.ts: events: { captured:'],
    ['fail', 'fail.tooManyLines(', 'tooManyLines', 'contracts.ts: errors: { tooManyLines:'],
    ['errors', 'inventory.errors.outOfStock.is', 'outOfStock', 'contracts.ts: outOfStock: {'],
    ['emit', 'emit.placed(', 'placed', 'contracts.ts: events: { placed:'],
    ['later', 'later.orders.expire(', 'expire', 'contracts.ts: expire: {},'],
    ['a handler', 'async place(', 'place', 'contracts.ts: place: {'],
    ['its own call', 'ctx.call.orders.place(', 'place', 'contracts.ts: place: {'],
  ])('goes from %s to the contract', async (_, line, word, definition) => {
    const found = await server.definition(document, { line, word })
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(definition)
  })

  it('renames an operation in the contract, its handler and every call', async () => {
    const lines = await server.rename(document, { line: 'await call.inventory.reserve(', word: 'reserve' })
    expect(lines.filter((line) => line.startsWith('contracts.ts'))).toEqual(['contracts.ts: reserve: {'])
    expect(lines.filter((line) => line.startsWith('orders-module.ts')).length).toBeGreaterThanOrEqual(3)
    expect(lines.some((line) => line.startsWith('types.ts'))).toBe(true)
  })

  it.each([
    ['event', 'async captured(', 'captured', 'contracts.ts: events: { captured:'],
    ['error', 'fail.tooManyLines(', 'tooManyLines', 'contracts.ts: errors: { tooManyLines:'],
    ['error of another module', 'inventory.errors.outOfStock.is', 'outOfStock', 'contracts.ts: outOfStock: {'],
    ['handler', 'async place(', 'place', 'contracts.ts: place: {'],
  ])('renames an %s from its use', async (_, line, word, contractLine) => {
    const lines = await server.rename(document, { line, word })
    expect(lines.some((changed) => changed.includes(contractLine))).toBe(true)
    expect(lines.filter((changed) => changed.startsWith('orders-module.ts')).length).toBeGreaterThan(0)
  })

  it('shows a call with its input, its output and its errors', async () => {
    const text = await server.hover(document, { line: 'await call.inventory.reserve(', word: 'reserve' })
    expect(text.replace(/\s+/g, ' ')).toContain(
      'reserve: (input: { orderId: string; lines: { sku: string; quantity: number; }[]; }) => Call<{ reservationId: string; }, ContractError<"inventory.closed", undefined> | ContractError<"inventory.outOfStock", { sku: string; available: number; }>>',
    )
  })
})

describe('an editor, with contracts built in a project of their own', () => {
  const server = new LanguageServer()
  let folder: string
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'banyan-editor-')))
    await generateApp(folder, { modules: 2, operations: 2 }, join(root, 'node_modules'))
    await promisify(execFile)(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'src/contracts'],
      { cwd: folder },
    )
    await server.start(folder)
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  it('goes to the source of the contract and renames there', async () => {
    const document = await server.open(join(folder, 'src/modules/m001.ts'))
    const place = { line: 'call.m000.change0(', word: 'change0' }
    expect(await server.definition(document, place)).toEqual(['m000.ts: change0: {'])
    const lines = await server.rename(document, place)
    expect(lines).toContain('m000.ts: change0: {')
    expect(lines.some((line) => line.startsWith('m001.ts'))).toBe(true)
  })
})
