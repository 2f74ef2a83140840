import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { locateNatsServer } from '@banyan/broker-nats'
import { isBanyanError } from '@banyan/errors'
import type { Topology } from '@banyan/placement'
import type { Finding } from './finding.js'

type Environment = Readonly<Record<string, string | undefined>>

/** How many connections to the database all processes of a topology may open together. */
export function connectionsOf({ services }: Topology, ofModule: number): number {
  return services.reduce((sum, { modules, replicas }) => sum + modules.length * replicas * ofModule, 0)
}

/** Whether the connections of all services fit in what the server allows. */
export function connectionsFinding(topology: Topology, ofModule: number, allowed: number, reserved: number): Finding {
  const wanted = connectionsOf(topology, ofModule)
  const what = `all services and replicas together may open ${wanted} connections; the server allows ${allowed}`
  return wanted + reserved <= allowed
    ? { state: 'good', what }
    : {
        state: 'warning',
        what,
        remedy: 'lower store.connections or replicas, raise max_connections, or put a pooler between',
      }
}

const skewMs = 2_000

/** Whether this machine and the database agree on the time. Ids and retention go by it; leases do not. */
export function clockFinding(here: number, database: number): Finding {
  const apart = Math.abs(here - database)
  const what = `the clock of the database is ${Math.round(apart / 100) / 10} s apart from this one`
  return apart <= skewMs
    ? { state: 'good', what }
    : {
        state: 'warning',
        what,
        remedy: 'let both keep time by NTP: ids, retention and what is due later go by the clock',
      }
}

/** The broker that services would use: the server of NATS_URL, else the program that `banyan up` would start. */
export async function brokerFindings(environment: Environment): Promise<Finding[]> {
  const { NATS_URL: url } = environment
  try {
    return url ? serverFindings(url.split(',')[0] as string, await greeting(url)) : await programFindings(environment)
  } catch (error) {
    if (!url && isBanyanError(error)) return [{ state: 'warning', what: error.message, remedy: missingRemedy }]
    const what = `the NATS server of NATS_URL does not answer: ${(error as Error).message}`
    return [{ state: 'bad', what, remedy: 'check NATS_URL, and that the server runs' }]
  }
}

const missingRemedy = 'install nats-server for `banyan up`, or set NATS_URL; one process needs none'

async function programFindings(environment: Environment): Promise<Finding[]> {
  const program = await locateNatsServer(environment)
  const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: greetingMs })
  return [versionFinding(/v(\d[\w.-]*)/.exec(stdout)?.[1] ?? 'unknown')]
}

/** What a NATS server says of itself to whoever connects, before it asks who that is. */
export interface NatsGreeting {
  readonly version: string
  readonly jetstream?: boolean
}

function serverFindings(url: string, { version, jetstream }: NatsGreeting): Finding[] {
  const where = url.replace(/\/\/[^@/]*@/, '//')
  return [
    versionFinding(version),
    jetstream
      ? { state: 'good', what: `JetStream is on at ${where}` }
      : {
          state: 'bad',
          what: `JetStream is off at ${where}`,
          remedy: 'start the server with -js, or with jetstream {} in its configuration',
        },
  ]
}

/** 2.9.10 is the oldest that works; older patches of the lines in care have known vulnerabilities. */
export function versionFinding(version: string): Finding {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number)
  const number = major * 1_000_000 + minor * 1_000 + patch
  const what = `nats-server ${version}`
  if (!(number >= 2_009_010)) return { state: 'bad', what: `${what} is too old`, remedy: upgrade }
  const current = number >= 2_012_007 || (number >= 2_011_016 && number < 2_012_000)
  return current
    ? { state: 'good', what }
    : { state: 'warning', what: `${what} has known vulnerabilities`, remedy: upgrade }
}

const upgrade = 'use 2.11.16 or later, or 2.12.7 or later'
const greetingMs = 3_000
const greetingMaxCharacters = 65_536

function greeting(url: string): Promise<NatsGreeting> {
  const { hostname, port } = new URL(url.split(',')[0] as string)
  return new Promise((done, failed) => {
    const socket = connect({ host: hostname, port: Number(port || 4222) })
    let text = ''
    const end = (act: () => void): void => {
      socket.destroy()
      act()
    }
    socket.setTimeout(greetingMs, () => end(() => failed(new Error('no answer in time'))))
    socket.on('error', (error) => end(() => failed(error)))
    socket.on('close', () => failed(new Error('the connection was closed')))
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const line = /^INFO (\{.*\})\s*\r\n/.exec(text)?.[1]
      if (line) end(() => done(JSON.parse(line) as NatsGreeting))
      else if (text.length > greetingMaxCharacters) end(() => failed(new Error('what listens there is no NATS server')))
    })
  })
}
