import { expect, test } from 'vitest'
import { closeInOrder } from '../src/close-in-order.js'

test('each is closed after the one before, whatever became of it; the first error is thrown, others are told', async () => {
  const done: string[] = []
  const further: unknown[] = []
  const closing = closeInOrder(
    [
      async () => void done.push('first'),
      async () => {
        throw new Error('second')
      },
      () => {
        throw new Error('third')
      },
      () => done.push('fourth'),
    ],
    (error) => further.push(error),
  )
  await expect(closing).rejects.toThrow('second')
  expect(done).toEqual(['first', 'fourth'])
  expect(further).toEqual([new Error('third')])
})

test('nothing is thrown or told where everything was closed', async () => {
  const further: unknown[] = []
  await closeInOrder([() => undefined, async () => undefined], (error) => further.push(error))
  expect(further).toEqual([])
})
