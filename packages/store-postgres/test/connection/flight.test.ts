import { Duplex } from 'node:stream'
import pg from 'pg'
import { expect, test } from 'vitest'
import { Flight, type FlightPart } from '../../src/connection/flight.js'

/** A connection of which the test says when a piece has gone. */
function slowConnection() {
  const pieces: Buffer[] = []
  let went: (() => void) | undefined
  const stream = new Duplex({
    read: () => undefined,
    write(piece: Buffer, _, done) {
      pieces.push(piece)
      went = done
    },
  })
  const connection = new pg.Connection({ stream } as never)
  const send = (...parts: FlightPart[]): Flight => {
    const flight = new Flight(parts, new Set())
    expect(flight.submit(connection)).toBeNull()
    return flight
  }
  const goes = async (): Promise<void> => {
    const done = went
    went = undefined
    done?.()
    await new Promise((turn) => setImmediate(turn))
  }
  return { connection, stream, pieces, send, goes }
}

const large: FlightPart = { text: 'select $1', name: '', values: [Buffer.alloc(3_000_000, 'x')] }

test('of a large flight the silence watch sees each piece that went', async () => {
  const { stream, pieces, send, goes } = slowConnection()
  send(large)
  for (let count = 1; count <= 12; count++) {
    expect(pieces).toHaveLength(count)
    expect(stream.writableLength).toBeLessThanOrEqual(262_144)
    await goes()
  }
  expect(stream.writableLength).toBe(0)
  const together = Buffer.concat(pieces)
  const whole = slowConnection()
  whole.send({ ...large, values: [Buffer.alloc(0)] })
  expect(together.length).toBe(3_000_000 + (whole.pieces[0] as Buffer).length)
  expect(together.subarray(-5).toString()).toBe('S\0\0\0\x04')
})

test('what refuses a copy comes behind the last piece', async () => {
  const { connection, pieces, send, goes } = slowConnection()
  const flight = send({ ...large, text: 'copy t from stdin' })
  flight.handleCopyInResponse(connection as never)
  await goes()
  expect(pieces[1]?.length).toBe(262_144)
  for (let turn = 0; turn < 20; turn++) await goes()
  expect(pieces[12]?.toString('latin1', 0, 1)).toBe('f')
})
