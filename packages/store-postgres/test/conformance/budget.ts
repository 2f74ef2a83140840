import { describe, expect, test } from 'vitest'
import type { TestServer } from './server.js'
import { ambient, append, codeOf, command, FlushCount, fromStart, newEvent, newSpace, outcome } from './space.js'

const insert = () => ({ text: 'insert into orders (id) values ($1)', values: [ambient.newId()] })
const select = { text: 'select 1' }

/** The hot-path budget of architecture.md: what travels, and in how many flushes, per kind of command. */
export function budgetConformance(server: () => TestServer): void {
  describe('round trips', () => {
    async function counted() {
      const space = await newSpace(server())
      const flushes = new FlushCount()
      const orders = (await space.open({ onFlush: flushes.listener })).module('orders')
      flushes.take()
      return { orders, flushes, space }
    }
    const begin = ['begin', 'select banyan_begin_command($1, $2)']
    const record = 'insert into banyan_inbox (id, input_hash'
    const appendOne = 'select banyan_append_one($1, $2, $3, $4,'

    test('P3 P4 a command with SQL costs its own statements plus one round trip: begin and look-up travel with the first', async () => {
      const { orders, flushes } = await counted()
      const unit = orders.unit({ command: command() })
      await unit.query(insert())
      await unit.query(select)
      await unit.query(select)
      await unit.commit({ events: [newEvent(0)], outcome: outcome() })
      expect(flushes.take()).toEqual([
        [...begin, 'insert into orders (id) values ($1)'],
        ['select 1'],
        ['select 1'],
        ['set constraints all immediate', record, appendOne, 'commit'],
      ])
    })

    test('P4 a command with SQL and no events, and one that need not be recorded', async () => {
      const { orders, flushes } = await counted()
      const recorded = orders.unit({ command: command() })
      await recorded.query(insert())
      await recorded.commit({ outcome: outcome() })
      expect(flushes.take()).toEqual([
        [...begin, 'insert into orders (id) values ($1)'],
        [record, 'commit'],
      ])
      const plain = orders.unit()
      await plain.query(insert())
      await plain.commit({})
      expect(flushes.take()).toEqual([['begin', 'insert into orders (id) values ($1)'], ['commit']])
    })

    test('statements that nobody wants an answer of travel with what is sent anyway', async () => {
      const { orders, flushes } = await counted()
      const text = 'insert into orders (id) values ($1)'
      const sent = () => ({ ...insert(), unanswered: true })
      const event = orders.unit()
      await event.query(sent())
      await event.query(sent())
      expect(event.begun).toBe(true)
      await event.commit({})
      expect(flushes.take()).toEqual([['begin', text, text, 'commit']])
      // The first one of a command finds its outcome, so it is waited for.
      const marked = orders.unit({ command: command() })
      await marked.query(sent())
      await marked.query(sent())
      await marked.query(select)
      await marked.query(sent())
      await marked.commit({ outcome: outcome() })
      expect(flushes.take()).toEqual([
        [...begin, text],
        [text, 'select 1'],
        [text, record, 'commit'],
      ])
    })

    test('P4 a command without SQL costs one round trip, recorded or not, and none when nothing is to be kept', async () => {
      const { orders, flushes } = await counted()
      await orders.unit({ command: command() }).commit({ events: [newEvent(0)], outcome: outcome() })
      expect(flushes.take()).toEqual([['select banyan_begin_command($1, $2)', record, appendOne]])
      await orders.unit().commit({ events: [newEvent(0), newEvent(1)] })
      expect(flushes.take()).toEqual([['select banyan_append($1, $2, $3, $4, $5,']])
      await orders.unit({ command: command() }).commit({})
      expect(flushes.take()).toEqual([])
    })

    test('P4 a declared error costs one round trip, a recorded outcome one more than its statement', async () => {
      const { orders, flushes } = await counted()
      const mark = command()
      const unit = orders.unit({ command: mark })
      await unit.query(insert())
      await unit.reject('{}', 1)
      expect(flushes.take()).toEqual([
        [...begin, 'insert into orders (id) values ($1)'],
        ['rollback', record],
      ])
      await orders.unit({ command: command() }).reject('{}', 1)
      expect(flushes.take()).toEqual([['select banyan_begin_command($1, $2)', record]])
      const again = orders.unit({ command: mark })
      await codeOf(again.query(insert()))
      await again.commit({})
      expect(flushes.take()).toEqual([
        [...begin, 'insert into orders (id) values ($1)'],
        ['rollback', 'select input_hash, outcome::text, at fro'],
      ])
      const rolledBack = orders.unit()
      await rolledBack.query(select)
      await rolledBack.rollback()
      expect(flushes.take()).toEqual([['begin', 'select 1'], ['rollback']])
    })

    test('a query, a read of the log and a batch of a subscription', async () => {
      const { orders, flushes } = await counted()
      await orders.reader.query(select)
      expect(flushes.take()).toEqual([['select 1']])
      await append(orders, newEvent(0), newEvent(1))
      flushes.take()
      await orders.log.read(fromStart, 100)
      expect(flushes.take()).toHaveLength(1)
      const key = { subscription: 'on', source: 'orders' }
      await orders.subscriptions.ensure(key, { incarnation: 'x', positions: Array(64).fill(0) })
      flushes.take()
      const unit = orders.unit()
      for (let index = 0; index < 3; index++) await unit.query(insert())
      await unit.commit({ step: { key, lanes: [{ lane: 0, from: 0, to: 1, epoch: 0 }] } })
      expect(flushes.take()).toEqual([
        ['begin', 'insert into orders (id) values ($1)'],
        ['insert into orders (id) values ($1)'],
        ['insert into orders (id) values ($1)'],
        ['select banyan_advance($1, $2, $3, $4, $5', 'commit'],
      ])
    })
  })
}
