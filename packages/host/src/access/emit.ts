import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { natsServers } from './addresses.js'
import { type AccessOptions, type PreparedAccess, prepareAccess } from './prepare.js'
import { privateFolder, writePrivate } from './private-files.js'
import { readme } from './readme.js'
import type { AccessEnvironment } from './variables.js'

export interface EmitOptions extends AccessOptions {
  /** Folder of the streams on the machine of the NATS server. Default: `jetstream` in the folder of the files. */
  readonly store?: string
}

export interface EmittedAccess {
  readonly prepared: PreparedAccess
  /** Absolute paths. */
  readonly files: readonly string[]
}

/**
 * Writes what a deployment needs: the configuration of the NATS server, the script of the database's roles, the
 * environment of each service, certificates, and what to do with them. The same input gives the same files again.
 * @throws what `prepareAccess` throws
 */
export function emitAccess(options: EmitOptions): EmittedAccess {
  const { folder, environment } = options
  const [server] = natsServers(environment.NATS_URL)
  const prepared = prepareAccess(options)
  const { plan, certificates, deployEnvironment, observerEnvironment } = prepared
  const installed = options.installed ?? folder
  const place = {
    host: '0.0.0.0',
    port: Number(server.port || 4222),
    storeFolder: options.store ?? join(installed, 'jetstream'),
  }
  const services = plan.services.map(({ service }) => service)
  privateFolder(join(folder, 'services'))
  const texts: [string, string][] = [
    ['nats.conf', prepared.natsConfiguration(place)],
    ['roles.sql', prepared.roleScript],
    ...services.map((service): [string, string] => [
      join('services', `${service}.env`),
      environmentText(`A process of ${service}: banyan serve ${service}`, prepared.environmentOf(service)),
    ]),
    ['deploy.env', environmentText('Who deploys: makes the streams of events', deployEnvironment)],
    ['observer.env', environmentText('Who only looks: banyan services', observerEnvironment)],
    ['README.txt', readme({ installed, services, withTls: certificates.length > 0 })],
  ]
  removeOthers(join(folder, 'services'), services)
  for (const [name, text] of texts) writePrivate(join(folder, name), text)
  return {
    prepared,
    files: [...texts.map(([name]) => join(folder, name)), ...certificates.map(({ certificate }) => certificate)],
  }
}

/** Secrets of services that are no more are left nowhere. */
function removeOthers(folder: string, services: readonly string[]): void {
  for (const name of readdirSync(folder))
    if (name.endsWith('.env') && !services.includes(name.slice(0, -'.env'.length))) rmSync(join(folder, name))
}

/** `NAME=value`, as Docker, systemd and `node --env-file` read it: no value holds a quote at its start, a # or a space. */
function environmentText(title: string, environment: AccessEnvironment): string {
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  return `# ${title}\n${lines.join('\n')}\n`
}
