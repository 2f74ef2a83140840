import { seededSources } from '@banyan/ambient'
import type { App } from '@banyan/module'
import type { Identity, Logger } from '@banyan/runtime'
import type { ProcessSetting, TestDatabase } from '../process/test-process.js'
import { Deployment } from './deployment.js'
import { InsideService } from './inside.js'
import { readLog, type SharedByServices } from './shared.js'

/** What a test says of its app, for all placements. */
export interface AppSetting {
  readonly app: App
  readonly database: TestDatabase
  readonly seed: number
  readonly logger: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly baseFolder: string
  readonly identity: Identity | undefined
  readonly listen: boolean
}

/** All modules and the gateway in one process. */
export function deployLocal(setting: AppSetting, shared: SharedByServices): Deployment {
  const modules = setting.app.modules.map(({ name }) => name)
  const service: InsideService = new InsideService({
    name: setting.app.name,
    modules,
    setting: processSetting(setting, shared, setting.seed),
    restarted: (process) => shared.restarted(service, (module) => readLog(process.store, module)),
  })
  return new Deployment(service, [service])
}

export function processSetting(setting: AppSetting, shared: SharedByServices, seed: number): ProcessSetting {
  const { seed: _, ...rest } = setting
  return {
    ...rest,
    clock: shared.clock,
    seeded: seededSources(seed),
    crashes: (point, details) => shared.faults.passed(point, details),
    committed: shared.committed,
  }
}
