import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { banyanError } from '@banyan/errors'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askUp, type Control, type ControlHandler, openControl } from '../../src/up/control.js'
import { readControlPlace } from '../../src/up/control-place.js'

let folder: string
const open: Control[] = []
const handle: ControlHandler = async (request, onProgress) => {
  if (request.command === 'status') return { fine: true }
  if (request.command === 'scale') throw new Error('out of the blue')
  onProgress('one')
  onProgress('two')
  throw banyanError('unknown-service', { service: request.service, known: 'orders' })
}
async function opened(at = folder): Promise<Control> {
  const control = await openControl(at, handle)
  open.push(control)
  return control
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-control-'))
})
afterEach(async () => {
  for (const control of open.splice(0)) await control.close()
  rmSync(folder, { recursive: true, force: true })
})

test('answers with a value, with progress, and with errors as they were', async () => {
  await opened()
  expect(await askUp(folder, { command: 'status' })).toEqual({ fine: true })
  const progress: string[] = []
  await expect(
    askUp(folder, { command: 'replace', service: 'x' }, (line) => progress.push(line)),
  ).rejects.toMatchObject({ code: 'unknown-service', message: 'There is no service x; there are orders' })
  expect(progress).toEqual(['one', 'two'])
  await expect(askUp(folder, { command: 'scale', service: 'x', replicas: 1 })).rejects.toMatchObject({
    code: 'internal',
  })
})

test('one that does not answer is not waited for', async () => {
  const control = await openControl(folder, () => new Promise(() => undefined))
  open.push(control)
  await expect(askUp(folder, { command: 'status' }, undefined, { answerMs: 50 })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('it does not answer'),
  })
})

test('nobody but the user may open the socket', async () => {
  await opened()
  expect(statSync(readControlPlace(folder)?.socket as string).mode & 0o777).toBe(0o600)
})

test('one at a time listens for a folder; what a killed one left is no hindrance', async () => {
  await expect(askUp(folder, { command: 'status' })).rejects.toMatchObject({ code: 'up-not-running' })
  const first = await opened()
  await expect(openControl(folder, handle)).rejects.toMatchObject({
    code: 'up-running',
    message: expect.stringContaining(String(process.pid)),
  })
  await first.close()
  expect(readControlPlace(folder)).toBeUndefined()
  // A killed one leaves a socket that nobody listens on, and what says where it is.
  const socket = join(folder, '.banyan', 'up.sock')
  writeFileSync(socket, '')
  writeFileSync(join(folder, '.banyan', 'up.json'), JSON.stringify({ pid: 1, socket }))
  await opened()
  expect(await askUp(folder, { command: 'status' })).toEqual({ fine: true })
})

test('works in a folder whose path is too long for a socket', async () => {
  const deep = join(folder, 'a'.repeat(60), 'b'.repeat(60))
  mkdirSync(deep, { recursive: true })
  const control = await opened(deep)
  const { socket } = readControlPlace(deep) as { socket: string }
  expect(socket.startsWith(deep)).toBe(false)
  expect(await askUp(deep, { command: 'status' })).toEqual({ fine: true })
  await control.close()
  expect(() => statSync(socket)).toThrow('ENOENT')
})

test('a request without end is not read for ever', async () => {
  await opened()
  const client = connect(readControlPlace(folder)?.socket as string)
  client.on('error', () => undefined)
  client.write('x'.repeat(70_000))
  await new Promise((done) => client.once('close', done))
})

test('a request that is said in drops is not waited for', async () => {
  open.push(await openControl(folder, handle, { requestMs: 200 }))
  const client = connect(readControlPlace(folder)?.socket as string)
  client.on('error', () => undefined)
  const drops = setInterval(() => client.write('x'), 10)
  await new Promise((done) => client.once('close', done))
  clearInterval(drops)
})

test('who has its answer and does not go is let go', async () => {
  open.push(await openControl(folder, handle, { requestMs: 200 }))
  const client = connect({ path: readControlPlace(folder)?.socket as string, allowHalfOpen: true })
  const refused = new Promise<NodeJS.ErrnoException>((done) => client.once('error', done))
  client.write(`${JSON.stringify({ command: 'status' })}\n`)
  await new Promise((done) => client.once('data', done))
  const more = setInterval(() => client.write('x'), 10)
  expect((await refused).code).toMatch(/EPIPE|ECONNRESET/)
  clearInterval(more)
})

test('a socket that one left before it said where it is, is no hindrance', async () => {
  mkdirSync(join(folder, '.banyan'))
  writeFileSync(join(folder, '.banyan', 'up.sock'), '')
  await opened()
  expect(await askUp(folder, { command: 'status' })).toEqual({ fine: true })
})

test('one that has not said yet where it is, is not disturbed', async () => {
  await opened()
  rmSync(join(folder, '.banyan', 'up.json'))
  await expect(openControl(folder, handle)).rejects.toMatchObject({ code: 'up-running' })
  expect(statSync(join(folder, '.banyan', 'up.sock')).isSocket()).toBe(true)
})

test('a socket that cannot be asked is not taken for one that nobody listens on', async () => {
  mkdirSync(join(folder, '.banyan'))
  const socket = join(folder, 'loop.sock')
  symlinkSync(socket, socket)
  writeFileSync(join(folder, '.banyan', 'up.json'), JSON.stringify({ pid: 77, socket }))
  await expect(openControl(folder, handle)).rejects.toMatchObject({ code: 'up-running' })
  expect(lstatSync(socket).isSymbolicLink()).toBe(true)
  await expect(askUp(folder, { command: 'status' })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('process 77 (ELOOP)'),
  })
})

test('where it cannot say where it is, it does not listen', async () => {
  mkdirSync(join(folder, '.banyan', 'up.json', 'in-the-way'), { recursive: true })
  await expect(openControl(folder, handle)).rejects.toThrow('up.json')
  expect(existsSync(join(folder, '.banyan', 'up.sock'))).toBe(false)
})
