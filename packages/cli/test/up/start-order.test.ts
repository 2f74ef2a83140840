import { contract } from '@banyan/contract'
import { defineApp, defineModule } from '@banyan/module'
import { expect, test } from 'vitest'
import { startOrder } from '../../src/up/start-order.js'

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => contract({ name, version: '1.0.0' }))
const app = defineApp({
  name: 'letters',
  modules: [
    defineModule(a as NonNullable<typeof a>, { uses: { b } as never }),
    defineModule(b as NonNullable<typeof b>, {}),
    defineModule(c as NonNullable<typeof c>, { uses: { d } as never }),
    defineModule(d as NonNullable<typeof d>, {}),
  ],
})
const plan = (name: string, modules: string[], gateway = false) => ({ name, modules, replicas: 1, gateway })

test('a service waits for those that its modules call, the gateway for all', () => {
  const order = startOrder(app, {
    app: 'letters',
    services: [plan('one', ['a', 'c']), plan('two', ['b']), plan('three', ['d']), plan('gateway', [], true)],
  })
  expect(Object.fromEntries(order)).toEqual({
    one: ['two', 'three'],
    two: [],
    three: [],
    gateway: ['one', 'two', 'three'],
  })
})

test('services that call each other, though no modules do, do not wait for each other for ever', () => {
  const order = startOrder(app, {
    app: 'letters',
    services: [plan('one', ['a', 'd']), plan('two', ['b', 'c']), plan('gateway', [], true)],
  })
  expect(Object.fromEntries(order)).toEqual({ one: ['two'], two: [], gateway: ['one', 'two'] })
})
