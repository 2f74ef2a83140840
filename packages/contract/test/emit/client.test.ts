import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { contract, emitClient } from '@banyan/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { inventory } from '../market.js'

const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url))

interface Node {
  name: string
  children: Node[]
}
const node: z.ZodType<Node> = z.object({
  name: z.string(),
  get children() {
    return z.array(node)
  },
})

const shapes = contract({
  name: 'shapes',
  version: '1.0.0',
  commands: {
    draw: {
      summary: 'Draws it.\nTwice */ even',
      deprecated: 'paint',
      input: z.object({
        'odd-name': z.literal('a'),
        kind: z.enum(['x', 'y']).describe('Which kind'),
        pair: z.tuple([z.string(), z.number()]),
        many: z.array(z.union([z.string(), z.null()])),
        record: z.record(z.string(), z.boolean()),
        any: z.unknown(),
        tree: node,
      }),
      http: 'PUT /shapes/{kind}',
    },
    local: { input: z.object({ id: z.string() }) },
  },
})

/** Uses of the emitted modules that must compile, and some that must not. */
const uses = `
import { createInventoryClient, InventoryError } from './inventory.js'
import { createShapesClient, type DrawInput } from './shapes.js'
const client = createInventoryClient({ url: 'https://shop.example' })
export async function use(): Promise<void> {
  const { reservationId } = await client.reserve({ orderId: '1', lines: [{ sku: 'tea', quantity: 1 }] })
  const level = await client.level({ sku: reservationId })
  const available: number | undefined = level?.available
  // @ts-expect-error the level may be null
  level.available
  // @ts-expect-error recount has no route
  client.recount()
  // @ts-expect-error a line needs a quantity
  await client.reserve({ orderId: '1', lines: [{ sku: 'tea' }] })
  try { await client.reserve({ orderId: '1', lines: [] }) } catch (error) {
    if (InventoryError.is(error, 'outOfStock')) { const left: number = error.details.available; void left }
    // @ts-expect-error not an error of the contract
    InventoryError.is(error, 'outOfStok')
  }
  const input: DrawInput = { 'odd-name': 'a', kind: 'x', pair: ['a', 1], many: [null, 'b'], record: { c: true }, any: 1, tree: { name: 'r', children: [{ name: 's', children: [] }] } }
  const nothing: void = await createShapesClient({ url: '' }).draw(input)
  void nothing
  void available
}
`

describe('emitClient', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'banyan-client-'))
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
      noUnusedLocals: true,
      isolatedDeclarations: true,
      declaration: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      outDir: 'dist',
      rootDir: '.',
    }
    await Promise.all([
      writeFile(join(folder, 'inventory.ts'), emitClient(inventory)),
      writeFile(join(folder, 'shapes.ts'), emitClient(shapes)),
      writeFile(join(folder, 'uses.ts'), uses),
      writeFile(join(folder, 'package.json'), '{"type":"module"}'),
      writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] })),
    ])
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is TypeScript without dependencies, with the types of the contract', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
    }).catch((error: { stdout: string }) => error)
    expect(stdout).toBe('')
    expect(emitClient(inventory)).not.toMatch(/^import /m)
  })

  it('shows input, output, errors and notes', () => {
    expect(emitClient(inventory).split('\nexport interface ClientOptions')[0]).toMatchInlineSnapshot(`
      "// Made from the contract inventory 1.2.0 by \`banyan contract emit\`. Do not edit: make it again.

      export type ReserveInput = {
        orderId: string
        lines: {
          sku: string
          quantity: number
        }[]
      }

      export type ReserveOutput = {
        reservationId: string
      }

      export type LevelInput = {
        sku: string
        at?: string[]
      }

      export type LevelOutput = {
        sku: string
        available: number
      } | null

      export type OutOfStockDetails = {
        sku: string
        available: number
      }

      export type UnknownSkuDetails = {
        sku: string
      }

      /** The errors that inventory declares, with their details. */
      export interface InventoryErrors {
        outOfStock: OutOfStockDetails
        closed: undefined
        unknownSku: UnknownSkuDetails
      }

      /** Stock levels and reservations */
      export interface InventoryClient {
        /**
         * Hold stock for an order
         * @throws outOfStock, closed
         */
        reserve(input: ReserveInput, options?: CallOptions): Promise<ReserveOutput>
        /**
         * @throws unknownSku
         * @deprecated levels
         */
        level(input: LevelInput, options?: CallOptions): Promise<LevelOutput>
      }

      /** Where the app is, and what goes with every request. */"
    `)
    expect(emitClient(shapes)).toContain('   * Twice *\\/ even\n   * @deprecated paint\n')
  })

  it('spreads the input over path, query string and body, and reads answers and problems', async () => {
    const { createInventoryClient, InventoryError } = await import(
      pathToFileURL(join(folder, 'dist/inventory.js')).href
    )
    const requests: { url: string; method: string; body: unknown; headers: Record<string, string> }[] = []
    const answers: Response[] = []
    const client = createInventoryClient({
      url: 'https://shop.example/api/',
      headers: async () => ({ authorization: 'Bearer x' }),
      fetch: async (url: string, { method, body, headers }: any) => {
        requests.push({ url, method, body, headers })
        return answers.shift()
      },
    })
    const problem = (status: number, body: object) =>
      new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json' } })

    answers.push(Response.json({ reservationId: 'r' }))
    await expect(client.reserve({ orderId: '1', lines: [] }, { idempotencyKey: 'k' })).resolves.toEqual({
      reservationId: 'r',
    })
    expect(requests[0]).toEqual({
      url: 'https://shop.example/api/reservations',
      method: 'POST',
      body: '{"orderId":"1","lines":[]}',
      headers: {
        accept: 'application/json',
        authorization: 'Bearer x',
        'content-type': 'application/json',
        'idempotency-key': 'k',
      },
    })

    answers.push(problem(404, { code: 'not-found' }))
    await expect(client.level({ sku: 'green tea/1', at: ['a', 'b&c'] })).resolves.toBeNull()
    expect(requests[1]).toMatchObject({
      method: 'GET',
      url: 'https://shop.example/api/stock/green%20tea%2F1?at=a&at=b%26c',
    })
    expect(requests[1]?.body).toBeUndefined()

    answers.push(
      problem(409, { code: 'inventory.outOfStock', detail: 'Only 1 left', details: { sku: 'tea', available: 1 } }),
    )
    const error = await client.reserve({ orderId: '1', lines: [] }).catch((reason: unknown) => reason)
    expect(InventoryError.is(error, 'outOfStock')).toBe(true)
    expect(error).toMatchObject({ message: 'Only 1 left', status: 409, details: { available: 1 }, retryable: false })

    answers.push(new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } }))
    await expect(client.level({ sku: 'a' })).rejects.toMatchObject({ code: 'http-502', status: 502 })
  })
})
