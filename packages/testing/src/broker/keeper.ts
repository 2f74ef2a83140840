import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { startNatsServer } from '@banyan/broker-nats'
import { endAll } from '../ending.js'

/** Where a keeper is: a file in its folder. */
export interface KeeperFile {
  readonly port: number
  /** Says itself by it: the port may belong to another program by now. */
  readonly token: string
}

/** What a keeper says to who connects, as one line of JSON. */
export interface KeeperGreeting {
  readonly token: string
  readonly url: string
}

/** What a keeper tells who started it. */
export type KeeperReport = { readonly ready: true } | { readonly failed: string }

export const keeperFileName = 'keeper.json'

export interface KeepOptions {
  readonly folder: string
  readonly binary: string
  /** How long the server is kept when nobody uses it any more. */
  readonly graceMs: number
}

// An event may have as much data as a payload, and headers beside it.
const config = 'max_payload: 4194304\n'

/**
 * Keeps one NATS server for the tests of a project. Whoever uses it holds a connection, which the system closes when that
 * process dies, however it dies: when nobody has held one for a while, the server is stopped and this resolves.
 *
 * K1 Nobody finds the keeper before the server takes connections, nor after it began to stop.
 */
export async function keepBroker({ folder, binary, graceMs }: KeepOptions, report: () => void): Promise<void> {
  let over: () => void = () => undefined
  const ended = new Promise<void>((resolve) => {
    over = resolve
  })
  const broker = await startNatsServer({ folder, binary, config, onExit: () => over() })
  const token = createAmbient().newId()
  const file = join(folder, keeperFileName)
  const users = new Set<Socket>()
  let waiting: NodeJS.Timeout | undefined
  const unused = (): void => {
    if (users.size === 0) waiting = setTimeout(over, graceMs)
  }
  const listener = createServer((socket) => {
    clearTimeout(waiting)
    users.add(socket)
    // A user that dies resets its connection; there is nothing more to tell.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      users.delete(socket)
      unused()
    })
    socket.resume()
    socket.write(`${JSON.stringify({ token, url: broker.url } satisfies KeeperGreeting)}\n`)
  })
  try {
    const content: KeeperFile = { port: await listen(listener), token }
    writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 })
    renameSync(`${file}.new`, file)
    report()
    unused()
    await ended
  } finally {
    // K1; the server also ends when the rest cannot be ended.
    await endAll([
      () => rmSync(file, { force: true }),
      () => listener.close(),
      () => users.forEach((socket) => void socket.destroy()),
      () => clearTimeout(waiting),
      () => broker.stop(),
    ])
  }
}

function listen(listener: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port))
  })
}
