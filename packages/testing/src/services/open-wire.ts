import { createAmbient } from '@banyan/ambient'
import { type App, modulesOf } from '@banyan/module'
import type { ConnectionOptions } from '@banyan/store-postgres'
import type { TestBroker } from '../broker/join-broker.js'
import { endAfter, endAll } from '../ending.js'
import type { AppSetting } from './deploy-local.js'
import { topologyOf, type Wire } from './wire.js'

/** What one test has of the broker. */
export interface OpenWire extends Wire {
  close(): Promise<void>
}

export interface WirePlace {
  /** Of the server that tests share. */
  readonly folder: string
  /** A server that is there; empty or absent: the shared one. */
  readonly url: string | undefined
  readonly database: ConnectionOptions
}

const nameLength = 24
const streamBytes = 16 * 1024 * 1024

/**
 * Joins the broker that tests share, and makes there what the services of this test need.
 * @throws `broker-missing`, `broker-start-failed`
 */
export async function openWire({ app }: AppSetting, { folder, url, database }: WirePlace): Promise<OpenWire> {
  const broker = url ? { url, release: () => undefined } : await sharedBroker(folder, database)
  const mark = createAmbient().newId().replaceAll('-', '')
  const topology = topologyOf(`${app.name.slice(0, nameLength)}Test${mark}`, app)
  const published = publishedOf(app)
  try {
    const streams = await openStreams(broker.url, topology.app, published)
    return {
      url: broker.url,
      topology,
      published,
      close: () => endAll([() => streams.remove(), () => broker.release()]),
    }
  } catch (error) {
    broker.release()
    throw error
  }
}

/** The modules that another one listens to. */
function publishedOf(app: App): readonly string[] {
  const sources = modulesOf(app).flatMap(({ name, on }) => Object.keys(on).filter((source) => source !== name))
  return [...new Set(sources)].sort()
}

/** The streams of one test: they are made, and removed, by who deploys, which here is the test. */
async function openStreams(
  url: string,
  app: string,
  published: readonly string[],
): Promise<{ remove(): Promise<void> }> {
  if (published.length === 0) return { remove: () => Promise.resolve() }
  const { connectNats, ensureStreams, removeStreams } = await import('@banyan/broker-nats')
  const connection = await connectNats({ servers: url, name: `${app} streams`, ambient: createAmbient() })
  const plans = published.map((module) => ({ module, storage: 'memory' as const, maxBytes: streamBytes }))
  const streams = { app, plans, admin: () => connection }
  try {
    await ensureStreams(streams)
  } catch (error) {
    await endAfter(error, () => connection.close())
  }
  return {
    remove: () => endAll([() => removeStreams(streams), () => connection.close()]),
  }
}

async function sharedBroker(folder: string, database: ConnectionOptions): Promise<TestBroker> {
  // Loaded when it is needed, so that tests in one process wait for no broker.
  const { joinBroker } = await import('../broker/join-broker.js')
  return joinBroker(folder, database)
}
