import { describe, expect, test } from 'vitest'
import type { TestServer } from './server.js'
import { ambient, codeOf, command, newEvent, newSpace, outcome } from './space.js'

const insert = (id: string) => ({ text: 'insert into orders (id) values ($1)', values: [id] })
const countOrders = { text: 'select count(*)::int as n from orders' }

export function commandConformance(server: () => TestServer): void {
  describe('commands', () => {
    test('P4 a recorded outcome is found before any statement runs, byte for byte', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const mark = command()
      const text = '{"b":1, "a":"\\u00e9 \\" é",  "n":1.50}'
      const first = orders.unit({ command: mark })
      await first.query(insert(ambient.newId()))
      await first.commit({ outcome: { outcome: text, at: 42 } })
      const twin = orders.unit({ command: mark })
      await expect(twin.query(insert(ambient.newId()))).rejects.toThrow('recorded already')
      await expect(twin.query(countOrders)).rejects.toThrow('recorded already')
      expect(await twin.commit({ events: [newEvent(0)], outcome: outcome() })).toEqual({ positions: [] })
      expect(twin.recorded).toEqual({ inputHash: 'hash', outcome: text, at: 42 })
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 1 }])
      expect((await orders.log.heads()).positions[0]).toBe(0)
    })

    test('P4 a recorded outcome is found at the commit of a command without statements', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const mark = command()
      await orders.unit({ command: mark }).commit({ events: [newEvent(0)], outcome: outcome('first') })
      const again = orders.unit({ command: mark })
      await again.commit({ events: [newEvent(0)], outcome: outcome('second') })
      expect(again.recorded?.outcome).toBe('{"ok":"first"}')
      expect((await orders.log.heads()).positions[0]).toBe(1)
    })

    test('P4 the same id with another input is id-reused, wherever it is found', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const mark = command()
      await orders.unit({ command: mark }).commit({ outcome: outcome() })
      const other = { ...mark, inputHash: 'another' }
      const withStatement = orders.unit({ command: other })
      expect(await codeOf(withStatement.query(countOrders))).toBe('id-reused')
      expect(await codeOf(withStatement.commit({}))).toBe('id-reused')
      expect(await codeOf(orders.unit({ command: other }).commit({ outcome: outcome() }))).toBe('id-reused')
      expect(await codeOf(orders.unit({ command: other }).reject('{}', 1))).toBe('id-reused')
    })

    test('P4 a twin that runs at once is in-progress, and holds no connection', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const mark = command()
      const first = orders.unit({ command: mark })
      await first.query(insert(ambient.newId()))
      const twin = orders.unit({ command: mark })
      expect(await codeOf(twin.query(countOrders))).toBe('in-progress')
      // Whatever the handler made of it, its twin decides.
      expect(await codeOf(twin.reject('{"error":"made up"}', 1))).toBe('in-progress')
      expect(await codeOf(orders.unit({ command: mark }).commit({ outcome: outcome() }))).toBe('in-progress')
      await first.rollback()
      const next = orders.unit({ command: mark })
      await next.query(insert(ambient.newId()))
      await next.commit({ outcome: outcome() })
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 1 }])
    })

    test('P4 50 twins at once over two processes: one effect, one outcome, nobody hangs', async () => {
      const space = await newSpace(server())
      const stores = [await space.open(), await space.open()].map((store) => store.module('orders'))
      const mark = command()
      const run = async (index: number): Promise<string> => {
        const unit = stores[index % 2]?.unit({ command: mark }) as ReturnType<(typeof stores)[0]['unit']>
        try {
          // Some run statements and some do not, as a handler's branches may.
          if (index % 5 !== 0) await unit.query(insert(ambient.newId()))
          await unit.commit({ events: [newEvent(index % 64)], outcome: outcome(index) })
          return unit.recorded ? 'recorded' : 'done'
        } catch (error) {
          await unit.rollback()
          return unit.recorded ? 'recorded' : (error as { code: string }).code
        }
      }
      const results = await Promise.all(Array.from({ length: 50 }, (_, index) => run(index)))
      expect(results.filter((one) => one === 'done')).toHaveLength(1)
      expect(new Set(results)).toEqual(
        new Set(results.filter((one) => ['done', 'recorded', 'in-progress'].includes(one))),
      )
      const positions = (await stores[0]?.log.heads())?.positions ?? []
      expect(positions.reduce((sum, position) => sum + position, 0)).toBe(1)
      expect(await space.sql('select 1 from orders.banyan_inbox')).toHaveLength(1)
    })

    test('P4 a declared error keeps its outcome and nothing else', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const mark = command()
      const unit = orders.unit({ command: mark })
      await unit.query(insert(ambient.newId()))
      await unit.reject('{"error":{"code":"orders.tooMany"}}', 7)
      expect(unit.recorded).toBeUndefined()
      expect(await orders.inbox.find(mark.id)).toEqual({
        inputHash: 'hash',
        outcome: '{"error":{"code":"orders.tooMany"}}',
        at: 7,
      })
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 0 }])
      const unbegun = orders.unit({ command: command() })
      await unbegun.reject('{}', 8)
      const unmarked = orders.unit()
      await unmarked.query(insert(ambient.newId()))
      await unmarked.reject('{}', 8)
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 0 }])
      expect(await space.sql('select 1 from orders.banyan_inbox')).toHaveLength(2)
    })

    test('P4 a declared error after a statement that failed is recorded all the same', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const id = ambient.newId()
      const mark = command()
      const unit = orders.unit({ command: mark })
      await unit.query(insert(id))
      expect(await codeOf(unit.query(insert(id)))).toBe('23505')
      await unit.reject('{"error":1}', 1)
      expect(await orders.inbox.find(mark.id)).toBeDefined()
    })

    test('P4 a twin that was quicker wins over a declared error, and at a commit', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const winner = async (id: string): Promise<void> => {
        // A twin whose lock this unit does not see: what a process on another version, or a restored row, would be.
        await space.sql("insert into orders.banyan_inbox values ($1, 'hash', $2, 1)", [id, '{"won":true}'])
      }
      for (const end of ['commit', 'reject'] as const) {
        const mark = command()
        const unit = orders.unit({ command: mark })
        await unit.query(insert(ambient.newId()))
        await winner(mark.id)
        if (end === 'commit') await unit.commit({ events: [newEvent(0)], outcome: outcome() })
        else await unit.reject('{"error":1}', 1)
        expect(unit.recorded?.outcome).toBe('{"won":true}')
      }
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 0 }])
      expect((await orders.log.heads()).positions[0]).toBe(0)
    })

    test('outcomes are pruned in bounded batches, and what is locked is left alone', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const marks = Array.from({ length: 10 }, () => command())
      for (const [index, mark] of marks.entries()) {
        await orders.unit({ command: mark }).commit({ outcome: { outcome: '1', at: index } })
      }
      expect(await orders.inbox.prune(6, 4)).toBe(4)
      const holder = orders.unit()
      await holder.query({ text: 'select 1 from banyan_inbox where at = 4 for update' })
      expect(await orders.inbox.prune(6, 100)).toBe(1)
      await holder.rollback()
      expect(await orders.inbox.prune(6, 100)).toBe(1)
      expect(await orders.inbox.prune(6, 100)).toBe(0)
      expect(await orders.inbox.find(marks[6]?.id as string)).toBeDefined()
      expect(await orders.inbox.find(marks[5]?.id as string)).toBeUndefined()
    })
  })
}
