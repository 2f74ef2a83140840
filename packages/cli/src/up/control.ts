/**
 * The socket over which `banyan services` speaks to the `banyan up` of the same folder. Only the user that runs `up`, or root,
 * may open it: it has mode 0600.
 *
 * I1 One request per connection, of bounded size, and said in bounded time. A connection lasts as long as what it asked for, and
 *    no longer than a moment beyond; there are so many at a time.
 * I2 One `up` listens for a folder; what a killed one left is removed by the next. Only a socket that surely nobody listens on
 *    is removed.
 */
import { chmodSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { BanyanError, banyanError, type ErrorData, errorData, isBanyanError } from '@banyan/errors'
import {
  type ControlPlace,
  chooseControlPlace,
  leftSockets,
  readControlPlace,
  removeControlPlace,
  writeControlPlace,
} from './control-place.js'

/** What is asked of `up`. */
export type ControlRequest =
  | { readonly command: 'status' }
  | { readonly command: 'replace'; readonly service: string }
  | { readonly command: 'scale'; readonly service: string; readonly replicas: number }

type ControlMessage = { readonly progress: string } | { readonly value: unknown } | { readonly error: ErrorData }

export type ControlHandler = (request: ControlRequest, onProgress: (line: string) => void) => Promise<unknown>

export interface Control {
  /** Takes no further request. */
  close(): Promise<void>
}

const requestMaxCharacters = 65_536
const mostConnections = 64

export interface ControlLimits {
  /** How long a request may take to be said, and an answer to be taken. Milliseconds, default 5,000. */
  readonly requestMs?: number
}

/** Begins to listen for the folder of an app. @throws `up-running` */
export async function openControl(
  folder: string,
  handle: ControlHandler,
  { requestMs = 5_000 }: ControlLimits = {},
): Promise<Control> {
  for (const socket of leftSockets(folder)) {
    if (await isHeard(socket)) throw running(folder)
    removeControlPlace(folder, socket) // I2
  }
  const place = chooseControlPlace(folder, process.pid)
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    answer(socket, handle, requestMs)
  })
  server.maxConnections = mostConnections
  const close = async (): Promise<void> => {
    const closed = new Promise((done) => server.close(done))
    for (const socket of open) socket.destroy()
    await closed
    removeControlPlace(folder, place.socket)
  }
  await listen(server, place)
  try {
    writeControlPlace(folder, place)
  } catch (error) {
    // A server that listens would keep the process; what failed first is what is told.
    await close().catch(() => undefined)
    throw error
  }
  return { close }
}

const running = (folder: string): BanyanError =>
  banyanError('up-running', { pid: readControlPlace(folder)?.pid ?? '(unknown)' })

/** Whether somebody listens. What cannot be told, because of permissions or of load, is taken for somebody (I2). */
async function isHeard(socket: string): Promise<boolean> {
  try {
    const made = await dial(socket)
    made.destroy()
    return true
  } catch (error) {
    return !isNobody(error)
  }
}

/** ENOTSOCK: elsewhere than on Linux, a file that is no socket. */
const isNobody = (error: unknown): boolean =>
  ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes((error as NodeJS.ErrnoException).code ?? '')

function listen(server: Server, { socket }: ControlPlace): Promise<void> {
  // Made with its mode, so that there is no moment in which others may open it.
  const before = process.umask(0o177)
  try {
    return new Promise((done, failed) => {
      server.once('error', failed)
      server.listen(socket, () => {
        if (process.platform !== 'win32') chmodSync(socket, 0o600)
        done()
      })
    })
  } finally {
    process.umask(before)
  }
}

/** I1 */
function answer(socket: Socket, handle: ControlHandler, requestMs: number): void {
  const send = (message: ControlMessage): void => {
    if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
  }
  let text = ''
  let deadline = setTimeout(() => socket.destroy(), requestMs)
  const take = (chunk: string): void => {
    text += chunk
    if (text.length > requestMaxCharacters) socket.destroy()
    const end = text.indexOf('\n')
    if (end < 0) return
    socket.off('data', take)
    clearTimeout(deadline)
    void answered(text.slice(0, end), handle, send).then((message) => {
      if (socket.destroyed) return
      deadline = setTimeout(() => socket.destroy(), requestMs)
      socket.end(`${JSON.stringify(message)}\n`)
    })
  }
  // Who asked may have gone; what was asked for is done all the same.
  socket.on('error', () => undefined)
  socket.once('close', () => clearTimeout(deadline))
  socket.setEncoding('utf8').on('data', take)
}

async function answered(
  line: string,
  handle: ControlHandler,
  send: (message: ControlMessage) => void,
): Promise<ControlMessage> {
  try {
    const request = JSON.parse(line) as ControlRequest
    return { value: (await handle(request, (progress) => send({ progress }))) ?? null }
  } catch (error) {
    const known = isBanyanError(error)
      ? error
      : banyanError('internal', {
          module: 'banyan up',
          reference: error instanceof Error ? error.message : String(error),
        })
    return { error: errorData(known) }
  }
}

export interface AskLimits {
  /** How long a status may take, milliseconds. Default 10,000. */
  readonly answerMs?: number
}

/**
 * Asks the `up` of a folder.
 * @throws `up-not-running`, `unavailable` when it cannot be reached, and what it answers
 */
export async function askUp(
  folder: string,
  request: ControlRequest,
  onProgress: (line: string) => void = () => undefined,
  { answerMs = 10_000 }: AskLimits = {},
): Promise<unknown> {
  const place = readControlPlace(folder)
  if (!place) throw banyanError('up-not-running')
  const socket = await dial(place.socket).catch((error: NodeJS.ErrnoException) => {
    if (isNobody(error)) throw banyanError('up-not-running')
    throw banyanError('unavailable', { what: `\`banyan up\`, process ${place.pid} (${error.code}),` }, { cause: error })
  })
  let silent = false
  // A replacement takes as long as work under way does, and tells its progress.
  if (request.command === 'status')
    socket.setTimeout(answerMs, () => {
      silent = true
      socket.destroy()
    })
  try {
    socket.write(`${JSON.stringify(request)}\n`)
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
    // By itself it ends with what the other side ends, and not with what is cut.
    socket.once('close', () => lines.close())
    for await (const line of lines) {
      const message = JSON.parse(line) as ControlMessage
      if ('progress' in message) onProgress(message.progress)
      else if ('error' in message) throw new BanyanError(message.error)
      else return message.value
    }
  } finally {
    socket.destroy()
  }
  if (silent) throw banyanError('unavailable', { what: `\`banyan up\`, process ${place.pid} (it does not answer),` })
  // It ended while it was asked.
  throw banyanError('up-not-running')
}

function dial(socket: string): Promise<Socket> {
  return new Promise((done, failed) => {
    const made = connect(socket)
    made.once('connect', () => done(made.on('error', () => undefined)))
    made.once('error', failed)
  })
}
