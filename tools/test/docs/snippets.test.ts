import { createAmbient } from '@banyan/ambient'
import { standIn } from 'banyan/testing'
import { expect, test } from 'vitest'
import { bookings } from '../../../docs/snippets/bookings/contract.js'
import { letters } from '../../../docs/snippets/letters/contract.js'
import { printer } from '../../../docs/snippets/letters/printer.js'
import { seats } from '../../../docs/snippets/seats/contract.js'
import { openTheatre } from '../../../docs/snippets/testing.js'

// The code that the pages under docs/ show is here run for what the pages say of it.

// #region first
test('a confirmed booking is told by letter, once', async () => {
  await using t = await openTheatre()
  const { bookingId } = await t.call(bookings).book({ show: 'Hamlet', guest: 'Ada', count: 2 })
  await t.call(bookings).confirm({ bookingId })
  await t.settled()
  await t.clock.advance('1m')

  expect(t.events(bookings).confirmed.map(({ data }) => data.guest)).toEqual(['Ada'])
  expect(await t.call(letters).sent()).toEqual([{ bookingId, text: `The theatre: your booking ${bookingId}` }])
})
// #endregion

// #region clock
test('seats that nobody confirms are free again after 15 minutes', async () => {
  await using t = await openTheatre({ now: '2026-03-01T19:00:00Z' })
  const { bookingId } = await t.call(bookings).book({ show: 'Hamlet', guest: 'Ada', count: 2 })
  expect(await t.call(seats).left({ show: 'Hamlet' })).toBe(98)

  await t.clock.advance('15m')
  expect(await t.call(bookings).byId({ bookingId })).toMatchObject({ status: 'expired' })
  expect(await t.call(seats).left({ show: 'Hamlet' })).toBe(100)
})
// #endregion

// #region outcome
test('the same id again gives the recorded outcome, and has one effect', async () => {
  await using t = await openTheatre()
  const id = createAmbient().newId()
  const first = await t.call(bookings, { id }).book({ show: 'Hamlet', guest: 'Ada', count: 2 })
  const again = await t.call(bookings, { id }).book({ show: 'Hamlet', guest: 'Ada', count: 2 })
  expect(again).toEqual(first)
  expect(await t.call(seats).left({ show: 'Hamlet' })).toBe(98)

  const other = t.call(bookings, { id }).book({ show: 'Cats', guest: 'Ada', count: 2 })
  await expect(other).rejects.toMatchObject({ code: 'id-reused' })
})
// #endregion

// #region declared
test('a declared error comes typed, as a value or as an exception', async () => {
  await using t = await openTheatre()
  const result = await t.call(bookings).book({ show: 'Hamlet', guest: 'Ada', count: 11 }).result()
  if (result.ok) throw new Error('eleven seats were sold')
  expect(result.error.code).toBe('bookings.tooMany')
  await expect(t.call(bookings).book({ show: 'Cats', guest: 'Ada', count: 3 })).rejects.toThrow('sold out')
})
// #endregion

// #region standIn
test('a stand-in takes the place of a module', async () => {
  const printed: string[] = []
  const paper = standIn(printer, {
    print: ({ text }) => {
      printed.push(text)
    },
  })
  await using t = await openTheatre({ replace: [paper] })
  const { bookingId } = await t.call(bookings).book({ show: 'Hamlet', guest: 'Ada', count: 1 })
  await t.call(bookings).confirm({ bookingId })
  await t.settled()
  expect(printed).toEqual([`The theatre: your booking ${bookingId}`])
})
// #endregion

// #region crash
test('a process that dies after its commit is asked again under the same id', async () => {
  await using t = await openTheatre()
  const crash = t.crash('bookings', 'after-commit', { operation: 'book' })
  const id = createAmbient().newId()
  const input = { show: 'Hamlet', guest: 'Ada', count: 2 }
  await expect(t.call(bookings, { id }).book(input)).rejects.toMatchObject({ code: 'outcome-unknown' })
  await crash.happened

  const { bookingId } = await t.call(bookings, { id }).book(input)
  await t.settled()
  expect(t.events(bookings).booked.map(({ data }) => data.bookingId)).toEqual([bookingId])
  expect(await t.call(seats).left({ show: 'Hamlet' })).toBe(98)
})
// #endregion
