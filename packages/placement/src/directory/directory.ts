import { isCompatible, parseVersion } from '@banyan/contract'
import type { InstanceReport } from '../mesh.js'
import { serviceOf, type Topology } from '../topology.js'
import { versionParts } from '../version-line.js'
import { type Every, every, once } from './every.js'

/** A process that runs a module, as those see it who call it. One object as long as the process is known. */
export interface Provider {
  readonly instance: string
  readonly service: string
  readonly module: string
  readonly version: string
  readonly line: string
  readonly step: string
  /** Where it takes calls that come past the broker. */
  readonly lane: InstanceReport['lane']
  /** Calls that this process has sent to it and that have no answer. */
  outstanding: number
}

export interface Replicas {
  /** Instances that run the module now, in an order that all processes share. */
  readonly instances: readonly string[]
  /** Where this process stands among them; -1 when it does not run the module. */
  readonly index: number
}

export interface DirectoryOptions {
  readonly topology: Topology
  /** Of this process. */
  readonly instance: string
  /** How long an instance may be silent before it counts as dead. */
  readonly lapseMs: number
  /** It is dead, has said goodbye, or was cut off for a while: nothing comes back of what was sent to it before. */
  readonly gone: (instance: string) => void
}

interface Entry {
  report: InstanceReport
  /** Looks since it was last heard. */
  silent: number
  readonly providers: Map<string, Provider>
  /** Somebody was told that nobody listens there: skipped until it is heard again. */
  suspected: boolean
}

const lookMs = 250
/** After so many, a process that listens has heard of all that were there. */
const looksAtStart = 4
/** A service may tell of itself what it likes: only so many of its processes are kept. */
const instancesPerService = 1_024

/**
 * Knows the processes of the app by what they tell of themselves. Time is counted in looks, not read from a clock: when
 * this process stood still, the others are not to blame for their silence.
 *
 * I1 A module is believed only of the service that the topology names for it: another could draw its calls to itself (P8).
 * I2 The same process gives the same provider objects, so what is outstanding is never lost.
 * I3 While the broker cannot be heard, nobody lapses.
 * I4 A module is waited for only while somebody may tell of it: for a second after this process began to listen, and while a
 *    process that is suspected has not lapsed. Else it is missing, and who calls it is told so at once.
 */
export class Directory {
  readonly #options: DirectoryOptions
  readonly #entries = new Map<string, Entry>()
  /** By module and wanted version; emptied at every change. */
  readonly #cache = new Map<string, readonly Provider[]>()
  readonly #listeners = new Set<() => void>()
  readonly #looks: Every
  #hearing = true
  /** Looks since this process began to listen, up to those of the start (I4). */
  #looked = 0

  constructor(options: DirectoryOptions) {
    this.#options = options
    this.#looks = every(lookMs, () => this.#look())
  }

  /** Takes what a process tells; `service` as the broker knows it. */
  heard(service: string, report: InstanceReport): void {
    const { topology } = this.#options
    const plan = topology.services.find(({ name }) => name === service)
    if (!plan || report.service !== service) return
    const known = this.#entries.get(report.instance)
    if (known && known.report.service !== service) return
    if (report.state === 'stopped') {
      if (known) this.#remove(report.instance)
      return
    }
    if (!known && this.#count(service) >= instancesPerService) return
    const changed = !known || known.suspected || signature(known.report) !== signature(report)
    const wasCutOff = known !== undefined && known.report.connections !== report.connections
    const entry = known ?? { report, silent: 0, providers: new Map(), suspected: false }
    entry.report = report
    entry.silent = 0
    entry.suspected = false
    if (!known) this.#entries.set(report.instance, entry)
    if (changed) {
      this.#setProviders(entry)
      this.#changed()
    }
    if (wasCutOff) this.#options.gone(report.instance)
  }

  /** Processes that run the newest version that serves a caller built with `wanted`; empty when none is known. */
  providers(module: string, wanted: string): readonly Provider[] {
    const key = `${module}@${wanted}`
    const cached = this.#cache.get(key)
    if (cached) return cached
    let best: Provider[] = []
    for (const { report, providers, suspected } of this.#entries.values()) {
      const provider = report.state === 'running' && !suspected ? providers.get(module) : undefined
      if (!provider || !isCompatible(provider.version, wanted)) continue
      const order = best.length === 0 ? 1 : compareVersions(provider.version, (best[0] as Provider).version)
      if (order > 0) best = [provider]
      else if (order === 0) best.push(provider)
    }
    this.#cache.set(key, best)
    return best
  }

  /** Whether it is worth waiting for a process that runs such a version (I4). */
  mayCome(module: string, wanted: string): boolean {
    if (this.#looked < looksAtStart) return true
    for (const { providers, suspected } of this.#entries.values()) {
      const provider = suspected ? providers.get(module) : undefined
      if (provider && isCompatible(provider.version, wanted)) return true
    }
    return false
  }

  /** A process that runs such a version, waited for up to the time given (real time) where that is worth it. */
  whenProvided(module: string, wanted: string, waitMs: number): Promise<Provider | undefined> {
    const [known] = this.providers(module, wanted)
    if (known || !this.mayCome(module, wanted)) return Promise.resolve(known)
    return new Promise((resolve) => {
      const finish = (provider: Provider | undefined): void => {
        timer.end()
        unwatch()
        resolve(provider)
      }
      const timer = once(waitMs, () => finish(undefined))
      const unwatch = this.onChange(() => {
        const [provider] = this.providers(module, wanted)
        if (provider) finish(provider)
      })
    })
  }

  /** Nobody listens at this instance any more, says the broker: it is skipped until it tells of itself again. */
  suspect(instance: string): void {
    const entry = this.#entries.get(instance)
    if (!entry || entry.suspected) return
    entry.suspected = true
    this.#changed()
  }

  /** Who runs a module now, for those who share work among its processes. */
  replicasOf(module: string): Replicas {
    const instances = [...this.#entries.values()]
      .filter(({ report, providers }) => report.state === 'running' && providers.has(module))
      .map(({ report }) => report.instance)
      .sort()
    return { instances, index: instances.indexOf(this.#options.instance) }
  }

  /** Tells when processes come, go or change what they run. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  instances(): readonly InstanceReport[] {
    return [...this.#entries.values()].map(({ report }) => report)
  }

  /** I3 */
  set hearing(value: boolean) {
    this.#hearing = value
    this.#looked = 0
    for (const entry of this.#entries.values()) entry.silent = 0
  }

  close(): void {
    this.#looks.end()
    this.#listeners.clear()
  }

  #look(): void {
    if (!this.#hearing) return
    this.#looked = Math.min(this.#looked + 1, looksAtStart)
    const most = Math.ceil(this.#options.lapseMs / lookMs)
    for (const [instance, entry] of this.#entries) {
      if (instance !== this.#options.instance && ++entry.silent > most) this.#remove(instance)
    }
  }

  #remove(instance: string): void {
    this.#entries.delete(instance)
    this.#changed()
    this.#options.gone(instance)
  }

  #changed(): void {
    this.#cache.clear()
    for (const listener of this.#listeners) listener()
  }

  #count(service: string): number {
    let count = 0
    for (const { report } of this.#entries.values()) if (report.service === service) count++
    return count
  }

  /** I1, I2 */
  #setProviders({ report, providers }: Entry): void {
    const { instance, service, lane } = report
    const told = report.modules.filter(
      ({ module, version }) =>
        serviceOf(this.#options.topology, module)?.name === service && parseVersion(version) !== undefined,
    )
    for (const module of providers.keys()) if (!told.some((each) => each.module === module)) providers.delete(module)
    for (const { module, version } of told) {
      if (providers.get(module)?.version === version) continue
      providers.set(module, { instance, service, module, version, ...versionParts(version), lane, outstanding: 0 })
    }
  }
}

const signature = ({ state, modules }: InstanceReport): string =>
  `${state} ${modules.map(({ module, version }) => `${module}@${version}`).join(' ')}`

/** Which of two compatible versions is newer. */
function compareVersions(one: string, other: string): number {
  const a = parseVersion(one)
  const b = parseVersion(other)
  if (!a || !b) return 0
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}
