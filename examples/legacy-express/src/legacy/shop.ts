import express, { type Express } from 'express'
import type { Pool, PoolClient } from 'pg'
import { type Banyan, shop } from '../banyan.js'
import { loyalty } from '../loyalty/contract.js'

interface Product {
  sku: string
  title: string
  price_minor: number
  stock: number
}

/** The shop as it was. What it took to adopt a module stands between the marks. */
export function createShop(pool: Pool, banyan: Banyan): Express {
  const app = express()
  // #region mount
  // Before the body parsers of the shop: the gateway reads bodies itself, within its own limits.
  app.use('/api', banyan.middleware)
  // #endregion
  app.use(express.json())

  app.get('/products', async (_request, response) => {
    const { rows } = await pool.query<Product>('select * from products order by sku')
    response.json(rows)
  })

  app.post('/checkout', async (request, response) => {
    const { customer, sku, quantity } = request.body
    const client = await pool.connect()
    try {
      await client.query('begin')
      const order = await placeOrder(client, String(customer), String(sku), Number(quantity))
      if (order) {
        // #region publish
        await banyan.unitOfWork(shop, client, ({ emit }) =>
          emit.orderPlaced({ orderId: order.id, customer, totalMinor: order.total_minor }),
        )
        // #endregion
      }
      await client.query('commit')
      if (order) response.status(201).json(order)
      else response.status(409).json({ message: 'Not enough left' })
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  })

  app.get('/customers/:customer', async (request, response) => {
    const { customer } = request.params
    const { rows } = await pool.query('select id, sku, quantity, total_minor from orders where customer = $1', [
      customer,
    ])
    // #region call
    const { points } = await banyan.call(loyalty).balance({ customer })
    // #endregion
    response.json({ customer, orders: rows, points })
  })

  return app
}

async function placeOrder(client: PoolClient, customer: string, sku: string, quantity: number) {
  const taken = await client.query<Product>(
    'update products set stock = stock - $2 where sku = $1 and stock >= $2 returning *',
    [sku, quantity],
  )
  const [product] = taken.rows
  if (!product) return undefined
  const placed = await client.query<{ id: number; total_minor: number }>(
    'insert into orders (customer, sku, quantity, total_minor) values ($1, $2, $3, $4) returning id, total_minor',
    [customer, sku, quantity, quantity * product.price_minor],
  )
  return placed.rows[0]
}
