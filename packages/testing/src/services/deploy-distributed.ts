import { poolOf } from '../child/pool.js'
import { insideService, type WireSetting } from './deploy-wire.js'
import { Deployment } from './deployment.js'
import { OutsideService } from './outside.js'
import { seedOf } from './seed.js'
import type { TestedService } from './service.js'
import type { SharedByServices } from './shared.js'
import { frontName } from './wire.js'

export interface DistributedSetting extends WireSetting {
  /** The app as its file exports it, without stand-ins. */
  readonly original: WireSetting['app']
  /** Modules that cannot leave this process: the test has made them. */
  readonly stayed: readonly string[]
  readonly appFile: string | undefined
}

/** Each module is a service in a process of its own; what the test itself made, and what stands outside, are in this one. */
export function deployDistributed(setting: DistributedSetting, shared: SharedByServices): Deployment {
  const { original, appFile, baseFolder, stayed } = setting
  const place = { app: original.name, folder: baseFolder, ...(appFile === undefined ? {} : { file: appFile }) }
  const pool = poolOf(original, place)
  const inside = new Map(
    [frontName, ...stayed].map((name) => [name, insideService({ ...setting, repeat: false }, shared, name)] as const),
  )
  const services = setting.wire.topology.services.map(
    ({ name, modules }): TestedService =>
      inside.get(name) ??
      new OutsideService({ name, modules, pool, shared, ...outside(setting, shared, name, modules) }),
  )
  return new Deployment(inside.get(frontName) as NonNullable<ReturnType<typeof inside.get>>, services)
}

function outside(setting: DistributedSetting, shared: SharedByServices, name: string, modules: readonly string[]) {
  const { wire, database, logger, environment, baseFolder, identity, seed } = setting
  return {
    database,
    logger,
    task: (generation: number) => ({
      service: name,
      wire: { url: wire.url, topology: wire.topology, published: wire.published },
      database: { app: database.app, connection: database.connection },
      // The next process draws others: what the dead one drew may be in the database.
      seed: seedOf(seed, `${name}${generation > 1 ? generation : ''}`),
      now: shared.clock.now(),
      environment,
      baseFolder,
      identity,
      level: logger.level,
      armed: shared.faults.of(modules),
    }),
  }
}
