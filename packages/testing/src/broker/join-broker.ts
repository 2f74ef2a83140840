import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { locateNatsServer } from '@banyan/broker-nats'
import { banyanError } from '@banyan/errors'
import type { ConnectionOptions } from '@banyan/store-postgres'
import { withClient } from '../database/connect.js'
import { nodeArguments, ownFile } from '../process/own-file.js'
import { type KeeperFile, type KeeperGreeting, type KeeperReport, keeperFileName } from './keeper.js'

/** A NATS server for tests, shared by all processes of a run. */
export interface TestBroker {
  readonly url: string
  /** This test needs it no more. The server ends when nobody does. */
  release(): void
}

// One process at a time starts a keeper; the database server is the one thing that all of them share already.
const keeperLock = 4_702_318_812
const graceMs = 30_000
const greetingMs = 2_000
const startMs = 30_000

/**
 * The NATS server that the tests of a project share, in `folder`: found when it runs, started when it does not, ended half
 * a minute after the last test that used it.
 * @throws `broker-missing`, `broker-start-failed`
 */
export async function joinBroker(folder: string, database: ConnectionOptions): Promise<TestBroker> {
  const place = resolve(folder)
  const found = await find(place)
  if (found) return found
  const binary = await locateNatsServer()
  return withClient(database, async (client) => {
    // The lock ends with the connection.
    await client.query('select pg_advisory_lock($1)', [keeperLock])
    const meanwhile = await find(place)
    if (meanwhile) return meanwhile
    await startKeeper(place, binary)
    const started = await find(place)
    if (started) return started
    throw banyanError('broker-start-failed', { summary: 'it ended as soon as it had begun' })
  })
}

async function find(folder: string): Promise<TestBroker | undefined> {
  const file = readFile(join(folder, keeperFileName))
  if (!file) return undefined
  const socket = connect(file.port, '127.0.0.1')
  // It holds the server, not this process.
  socket.unref()
  const greeting = await greetingOf(socket)
  if (greeting?.token === file.token) return { url: greeting.url, release: () => void socket.destroy() }
  socket.destroy()
  return undefined
}

function readFile(path: string): KeeperFile | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as KeeperFile
  } catch {
    return undefined // no keeper has been here, or it has gone
  }
}

/** Undefined when nobody is there, or somebody else. */
function greetingOf(socket: Socket): Promise<KeeperGreeting | undefined> {
  return new Promise((done) => {
    let text = ''
    const timer = setTimeout(() => done(undefined), greetingMs)
    const end = (greeting?: KeeperGreeting): void => {
      clearTimeout(timer)
      done(greeting)
    }
    socket.setEncoding('utf8')
    socket.on('error', () => end())
    socket.on('close', () => end())
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.endsWith('\n')) end(parse(text))
    })
  })
}

function parse(line: string): KeeperGreeting | undefined {
  try {
    return JSON.parse(line) as KeeperGreeting
  } catch {
    return undefined // another program listens there now
  }
}

async function startKeeper(folder: string, binary: string): Promise<void> {
  const keeper = spawn(
    process.execPath,
    [...nodeArguments(), ownFile('broker/keeper-main'), folder, binary, String(graceMs)],
    { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  )
  const timer = setTimeout(() => keeper.kill(), startMs)
  const report = await Promise.race([
    once(keeper, 'message').then(([message]) => message as KeeperReport),
    once(keeper, 'exit').then(([code, signal]): KeeperReport => ({ failed: `it ended with ${signal ?? code}` })),
  ])
  clearTimeout(timer)
  if ('failed' in report) throw banyanError('broker-start-failed', { summary: report.failed })
  keeper.unref()
}
