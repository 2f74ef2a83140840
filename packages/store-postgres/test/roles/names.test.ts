import { roleName, schemaName } from '@banyan/store-postgres'
import { expect, test } from 'vitest'

test('schemas and roles are named in lower case with underscores', () => {
  expect(schemaName('orders')).toBe('orders')
  expect(schemaName('orderItems')).toBe('order_items')
  expect(schemaName('order-items')).toBe('order_items')
  expect(roleName('Market', 'orderItems')).toBe('market_order_items')
})

test('a name that PostgreSQL would cut is shortened, and stays unlike its neighbours', () => {
  const long = 'a'.repeat(80)
  const [one, other] = [roleName(long, 'orders'), roleName(long, 'stock')]
  expect(one).toHaveLength(63)
  expect(other).toHaveLength(63)
  expect(one).not.toBe(other)
  expect(roleName(long, 'orders')).toBe(one)
})
