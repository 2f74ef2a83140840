/**
 * The socket over which `banyan services` speaks to the `banyan up` of the same folder. Only the user that runs `up`, or root,
 * may open it: it has mode 0600.
 *
 * I1 One request per connection, of bounded size, and said in bounded time.
 * I2 One `up` listens for a folder; what a killed one left is removed by the next.
 */
import { chmodSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { BanyanError, banyanError, type ErrorData, errorData, isBanyanError } from '@banyan/errors'
import {
  type ControlPlace,
  chooseControlPlace,
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
const requestMs = 5_000

/** Begins to listen for the folder of an app. @throws `up-running` */
export async function openControl(folder: string, handle: ControlHandler): Promise<Control> {
  const before = readControlPlace(folder)
  if (before) {
    const socket = await dial(before).catch(() => undefined)
    socket?.destroy()
    if (socket) throw banyanError('up-running', { pid: before.pid })
    removeControlPlace(folder, before) // I2
  }
  const place = chooseControlPlace(folder, process.pid)
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    answer(socket, handle)
  })
  await listen(server, place)
  writeControlPlace(folder, place)
  return {
    async close() {
      const closed = new Promise((done) => server.close(done))
      for (const socket of open) socket.destroy()
      await closed
      removeControlPlace(folder, place)
    },
  }
}

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
function answer(socket: Socket, handle: ControlHandler): void {
  const send = (message: ControlMessage): void => {
    if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
  }
  let text = ''
  const take = (chunk: string): void => {
    text += chunk
    if (text.length > requestMaxCharacters) socket.destroy()
    const end = text.indexOf('\n')
    if (end < 0) return
    socket.off('data', take)
    socket.setTimeout(0)
    void answered(text.slice(0, end), handle, send).then((message) => socket.end(`${JSON.stringify(message)}\n`))
  }
  // Who asked may have gone; what was asked for is done all the same.
  socket.on('error', () => undefined)
  socket.setTimeout(requestMs, () => socket.destroy())
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

/**
 * Asks the `up` of a folder.
 * @throws `up-not-running`, and what it answers
 */
export async function askUp(
  folder: string,
  request: ControlRequest,
  onProgress: (line: string) => void = () => undefined,
): Promise<unknown> {
  const place = readControlPlace(folder)
  const socket = place && (await dial(place).catch(() => undefined))
  if (!socket) throw banyanError('up-not-running')
  try {
    socket.write(`${JSON.stringify(request)}\n`)
    for await (const line of createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })) {
      const message = JSON.parse(line) as ControlMessage
      if ('progress' in message) onProgress(message.progress)
      else if ('error' in message) throw new BanyanError(message.error)
      else return message.value
    }
  } finally {
    socket.destroy()
  }
  // It ended while it was asked.
  throw banyanError('up-not-running')
}

function dial({ socket }: ControlPlace): Promise<Socket> {
  return new Promise((done, failed) => {
    const made = connect(socket)
    made.once('connect', () => done(made.on('error', () => undefined)))
    made.once('error', failed)
  })
}
