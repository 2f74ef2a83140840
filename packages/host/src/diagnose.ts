import { createServer } from 'node:net'
import { relative } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { isBanyanError } from '@banyan/errors'
import { modulesOf } from '@banyan/module'
import type { HealthReport, Logger } from '@banyan/runtime'
import { embeddedAvailable } from '@banyan/store-postgres'
import pg from 'pg'
import { appDatabase } from './app-database.js'
import { checkApp } from './config/check-app.js'
import { loadEnvironmentFile } from './config/environment-file.js'
import { type LoadedApp, loadApp } from './config/load.js'
import { topologyOf } from './config/services/topology.js'
import { brokerFindings, clockFinding, connectionsFinding } from './diagnose-services.js'
import type { Finding } from './finding.js'

export interface DiagnoseOptions {
  readonly folder: string
  readonly file?: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
}

/** Tries everything that an app needs. Never rejects: what fails is a finding. */
export async function diagnose(options: DiagnoseOptions): Promise<Finding[]> {
  const findings: Finding[] = [nodeVersion()]
  const attempt = async <T>(action: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await action()
    } catch (error) {
      findings.push({
        state: 'bad',
        what: error instanceof Error ? error.message : String(error),
        ...(isBanyanError(error) ? {} : { remedy: 'see the message' }),
      })
      return undefined
    }
  }
  const loaded = await attempt(() => {
    loadEnvironmentFile(options)
    return loadApp(options)
  })
  if (!loaded) return findings
  findings.push(
    { state: 'good', what: `configuration ${relative(options.folder, loaded.file)}` },
    ...wiring(loaded, options),
  )
  await attempt(async () => findings.push(...(await database(loaded, options))))
  if (loaded.config.services !== undefined) findings.push(...(await brokerFindings(options.environment)))
  findings.push(await port(loaded, options))
  return findings
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const good = major > 20 || (major === 20 && minor >= 19)
  return good
    ? { state: 'good', what: `Node ${process.versions.node}` }
    : { state: 'bad', what: `Node ${process.versions.node} is too old`, remedy: 'install Node 20.19 or later' }
}

function wiring(loaded: LoadedApp, { environment }: DiagnoseOptions): Finding[] {
  const problems = checkApp(loaded, environment)
  if (problems.length === 0) return [{ state: 'good', what: `${modulesOf(loaded.app).length} modules fit together` }]
  return problems.map(({ who, where, what, remedy }) => ({
    state: 'bad' as const,
    what: `${who} ${where}: ${what}`,
    remedy,
  }))
}

// What one module opens at the most: units, queries, and the session of its leases.
const connectionsEach = 6 + 4 + 1
const reserved = 5

async function database(loaded: LoadedApp, options: DiagnoseOptions): Promise<Finding[]> {
  const findings: Finding[] = []
  if (!options.environment.DATABASE_URL)
    findings.push(
      embeddedAvailable()
        ? { state: 'good', what: 'embedded PostgreSQL is installed' }
        : {
            state: 'bad',
            what: 'no embedded PostgreSQL for this platform',
            remedy: 'install without --omit=optional, or set DATABASE_URL',
          },
    )
  const opened = await appDatabase(loaded, options.environment, options.logger, true)
  const client = new pg.Client(opened.connection)
  try {
    await client.connect()
    const { rows } = await client.query<{
      version: string
      number: number
      most: number
      now: number
      create: boolean
    }>(
      `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
         current_setting('max_connections')::int as most,
         (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
         (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as create`,
    )
    const facts = rows[0]
    if (!facts) return findings
    findings.push({
      state: facts.number >= 150_000 ? 'good' : 'bad',
      what: `PostgreSQL ${facts.version} (${opened.kind})`,
      ...(facts.number >= 150_000 ? {} : { remedy: 'use PostgreSQL 15 or later' }),
    })
    if (!facts.create)
      findings.push({ state: 'bad', what: 'the database user may not make roles', remedy: 'grant it CREATEROLE' })
    const units = loaded.config.store?.connections ?? 6
    findings.push(clockFinding(createAmbient().now(), facts.now))
    const ofModule = connectionsEach - 6 + units
    if (loaded.config.services !== undefined)
      findings.push(connectionsFinding(topologyOf(loaded), ofModule, facts.most, reserved))
    const wanted = opened.modules.length * ofModule
    const fits = wanted + reserved <= facts.most
    findings.push({
      state: fits ? 'good' : 'warning',
      what: `${opened.modules.length} modules may open ${wanted} connections in each process; the server allows ${facts.most}`,
      ...(fits
        ? {}
        : {
            remedy:
              'lower store.connections, or raise max_connections; connections are opened when needed, so this bites under load only',
          }),
    })
    return findings
  } finally {
    await client.end().catch(() => undefined)
    await opened.close()
  }
}

async function port(loaded: LoadedApp, { environment }: DiagnoseOptions): Promise<Finding> {
  const wanted = environment.PORT === undefined ? (loaded.config.gateway?.port ?? 3000) : Number(environment.PORT)
  const refused = await refusalOf(wanted)
  if (refused === undefined) return { state: 'good', what: `port ${wanted} is free` }
  if (refused === 'EADDRINUSE' && (await isAppAt(wanted, loaded)))
    return { state: 'good', what: `port ${wanted}: this app is running there` }
  return {
    state: 'warning',
    what: `port ${wanted}: ${refused}`,
    remedy: 'stop what listens there, or choose another with PORT',
  }
}

/** Why the port cannot be listened on; undefined when it can. */
function refusalOf(wanted: number): Promise<string | undefined> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
    server.listen(wanted, '127.0.0.1', () => server.close(() => done(undefined)))
  })
}

const askMs = 2_000

/** Whether what listens there reports the health of this app's modules. Whatever else it answers is not this app. */
async function isAppAt(wanted: number, { app }: LoadedApp): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(askMs)
    const report = await (await fetch(`http://127.0.0.1:${wanted}/healthz`, { signal, redirect: 'error' })).json()
    const there = (report as HealthReport).modules.map(({ module }) => module).sort()
    return (
      there.join() ===
      app.modules
        .map(({ name }) => name)
        .sort()
        .join()
    )
  } catch {
    return false
  }
}
