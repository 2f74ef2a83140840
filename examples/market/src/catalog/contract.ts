import { contract } from 'banyan'
import { z } from 'zod'
import { priceMinor, sku } from '../values.js'

export const product = z.object({ sku, name: z.string().min(1).max(200), priceMinor })

export const catalog = contract({
  name: 'catalog',
  version: '1.0.0',
  owner: 'merchandising',
  summary: 'What is sold, and at what price',
  commands: {
    add: {
      summary: 'Put a product on sale',
      input: product,
      output: z.object({ sku }),
      errors: { exists: { status: 409, message: 'There is a product {sku} already', details: z.object({ sku }) } },
      http: 'POST /products',
      access: 'public',
    },
    addMany: {
      summary: 'Put products on sale; those that exist stay as they are',
      input: z.object({ products: z.array(product).min(1).max(1_000) }),
      output: z.object({ added: z.int() }),
      http: 'POST /products/batch',
      access: 'public',
    },
    changePrice: {
      input: z.object({ sku, priceMinor }),
      errors: { unknownProduct: { status: 404, message: 'There is no product {sku}', details: z.object({ sku }) } },
      http: 'PUT /products/{sku}/price',
      access: 'public',
    },
  },
  queries: {
    bySku: { input: z.object({ sku }), output: product.nullable(), http: 'GET /products/{sku}', access: 'public' },
    prices: {
      summary: 'Prices of several products; unknown ones are left out',
      input: z.object({ skus: z.array(sku).min(1).max(200) }),
      output: z.array(product),
    },
    search: {
      summary: 'Products by name, in pages',
      input: z.object({
        text: z.string().max(100).optional(),
        after: sku.optional(),
        limit: z.int().min(1).max(100).optional(),
      }),
      output: z.object({ products: z.array(product), next: sku.nullable() }),
      http: 'GET /products',
      access: 'public',
    },
  },
  events: {
    added: { data: product, key: 'sku' },
    priceChanged: { data: z.object({ sku, priceMinor }), key: 'sku' },
  },
})
