import { contract } from '@banyan/contract'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openApiDocument, planRoutes } from '../../src/index.js'
import { serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'

const category: z.ZodType = z.object({
  name: z.string(),
  get children() {
    return z.array(category)
  },
})

const catalog = contract({
  name: 'catalog',
  version: '2.0.0',
  commands: {
    replace: { input: z.object({ root: category }), http: 'PUT /categories', access: ['catalog:write'] },
    retire: {
      summary: 'Take a product off sale',
      input: z.object({ sku: z.string().meta({ description: 'Stock keeping unit', examples: ['tea'] }) }),
      deprecated: 'use replace',
      http: 'DELETE /products/{sku}',
    },
  },
  queries: {
    tree: { output: category, http: 'GET /categories', access: 'public' },
    hidden: { output: z.string() },
  },
})

const routes = [{ module: 'files', route: 'POST /uploads/{name}', access: ['file:write'] }]
type Document = {
  info: { version: string }
  paths: Record<string, Record<string, any>>
  components: { schemas: Record<string, any>; responses: Record<string, any> }
}

function documentOf(contracts: Parameters<typeof planRoutes>[1][]): Document {
  const list = contracts as never
  return openApiDocument('market', list, planRoutes('market', list, routes)) as Document
}

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    const result = await validator.validate(documentOf([inventory, catalog] as never) as never)
    expect(result.errors).toBeUndefined()
    expect(result.valid).toBe(true)
    expect(validator.version).toBe('3.1')
  })

  test('every reference leads somewhere', () => {
    const document = documentOf([inventory, catalog] as never)
    const text = JSON.stringify(document)
    const names = [...text.matchAll(/"#\/components\/((?:schemas|responses)\/[^"]+)"/g)].map(
      ([, name]) => name as string,
    )
    expect(names.length).toBeGreaterThan(20)
    const { schemas, responses } = document.components
    const known = [
      ...Object.keys(schemas).map((name) => `schemas/${name}`),
      ...Object.keys(responses).map((name) => `responses/${name}`),
    ]
    for (const name of names) expect(known).toContain(name)
    expect(text).not.toContain('#/$defs')
  })

  test('is the same to the byte, whatever the order of the modules', () => {
    const one = JSON.stringify(documentOf([inventory, catalog] as never))
    expect(JSON.stringify(documentOf([catalog, inventory] as never))).toBe(one)
  })

  test('tells where input comes from', () => {
    const { paths, components } = documentOf([inventory, catalog] as never)
    expect(paths['/stock']?.get.parameters.map(({ name, in: place }: any) => `${place} ${name}`)).toContain(
      'query limit',
    )
    const count = paths['/stock/{sku}/count']?.put
    expect(count.operationId).toBe('inventory.count')
    expect(count.parameters.map(({ name, in: place }: any) => `${place} ${name}`)).toEqual([
      'path sku',
      'header Idempotency-Key',
    ])
    // The page of documents fills examples in: two different requests would share one key.
    expect(count.parameters[1]).not.toHaveProperty('example')
    expect(count.parameters[1].schema).toEqual({ type: 'string', minLength: 1, maxLength: 255 })
    expect(Object.keys(components.schemas['inventory.count.input'].properties)).toEqual(['counted', 'note'])
    const retire = paths['/products/{sku}']?.delete
    expect(retire).toMatchObject({
      deprecated: true,
      description: 'Deprecated: use replace',
      summary: 'Take a product off sale',
    })
    expect(retire.parameters[0]).toMatchObject({
      name: 'sku',
      in: 'path',
      required: true,
      description: 'Stock keeping unit',
    })
    expect(retire.parameters[0].schema.examples).toEqual(['tea'])
    expect(retire.requestBody).toBeUndefined()
    expect(JSON.stringify(paths)).not.toContain('hidden')
  })

  test('tells declared errors with their details, by status', () => {
    const { paths, components } = documentOf([inventory] as never)
    const responses = paths['/reservations']?.post.responses
    expect(Object.keys(responses)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '422',
      '500',
      '503',
      '504',
      'default',
    ])
    const conflict = responses['409'].content['application/problem+json'].schema
    expect(conflict.oneOf.map(({ $ref }: any) => $ref)).toEqual([
      '#/components/schemas/Problem.in-progress',
      '#/components/schemas/Problem.inventory.outOfStock',
    ])
    expect(components.schemas['Problem.inventory.outOfStock']).toMatchObject({
      title: 'Out of stock',
      allOf: [
        { $ref: '#/components/schemas/Problem' },
        { properties: { code: { const: 'inventory.outOfStock' }, details: { required: ['sku', 'available'] } } },
      ],
    })
  })

  test('tells who may call', () => {
    const { paths } = documentOf([inventory] as never)
    expect(paths['/reservations']?.post.security).toEqual([{ caller: ['order:write', 'stock:hold'] }])
    expect(paths['/mine']?.get.security).toEqual([{ caller: [] }])
    expect(paths['/sweeps']?.post.security).toEqual([])
    expect(paths['/uploads/{name}']?.post).toMatchObject({
      operationId: 'files_POST_uploads_name',
      security: [{ caller: ['file:write'] }],
    })
  })

  test('its version is that of the one contract, or changes when any does', () => {
    expect(documentOf([inventory] as never).info.version).toBe('1.2.0')
    const both = documentOf([inventory, catalog] as never).info.version
    expect(both).toMatch(/^contracts-[0-9a-f]{8}$/)
    const newer = contract({ name: 'catalog', version: '2.0.1' })
    expect(documentOf([inventory, newer] as never).info.version).not.toBe(both)
  })

  test('is served', async () => {
    const { get } = await serve({ contracts: [inventory, catalog] })
    const response = await get('/openapi.json')
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await response.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'market' } })
  })
})
