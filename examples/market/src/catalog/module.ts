import { defineModule } from 'banyan'
import { catalog } from './contract.js'

interface Product {
  sku: string
  name: string
  priceMinor: number
}

const pageDefault = 20

export default defineModule(catalog, {
  migrations: 'src/catalog/migrations',
  commands: {
    async add(product, { sql, emit, fail }) {
      const { sku, name, priceMinor } = product
      const made = await sql`insert into products values (${sku}, ${name}, ${priceMinor}) on conflict do nothing`.run()
      if (made === 0) throw fail.exists({ sku })
      emit.added(product)
      return { sku }
    },
    async addMany({ products }, { sql, emit }) {
      const added = await sql<Product>`
        insert into products
        select * from unnest(${products.map(({ sku }) => sku)}::text[], ${products.map(({ name }) => name)}::text[],
          ${products.map(({ priceMinor }) => priceMinor)}::bigint[])
        on conflict do nothing
        returning sku, name, price_minor as "priceMinor"`
      for (const product of added) emit.added(product)
      return { added: added.length }
    },
    async changePrice({ sku, priceMinor }, { sql, emit, fail }) {
      const changed = await sql`update products set price_minor = ${priceMinor} where sku = ${sku}`.run()
      if (changed === 0) throw fail.unknownProduct({ sku })
      emit.priceChanged({ sku, priceMinor })
    },
  },
  queries: {
    bySku: ({ sku }, { sql }) =>
      sql<Product>`select sku, name, price_minor as "priceMinor" from products where sku = ${sku}`.first(),
    prices: ({ skus }, { sql }) =>
      sql<Product>`select sku, name, price_minor as "priceMinor" from products where sku = any(${skus})`.all(),
    async search({ text = '', after = '', limit = pageDefault }, { sql }) {
      const pattern = `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
      // One more than asked for tells whether there is a next page.
      const found = await sql<Product>`
        select sku, name, price_minor as "priceMinor" from products
        where lower(name) like ${pattern} and sku > ${after} order by sku limit ${limit + 1}`
      const products = found.slice(0, limit)
      return { products, next: found.length > limit ? (products.at(-1)?.sku ?? null) : null }
    },
  },
})
