import { type AppSetting, processSetting } from './deploy-local.js'
import { Deployment } from './deployment.js'
import { InsideService } from './inside.js'
import { seedOf } from './seed.js'
import { readLog, type SharedByServices } from './shared.js'
import { frontName, otherProcesses, type Wire } from './wire.js'

export interface WireSetting extends AppSetting {
  readonly wire: Wire
  /** Whether every call is made twice. */
  readonly repeat: boolean
}

/** Each module is a service of its own, and so is what stands outside; all in this process, with the broker between them. */
export function deployWire(setting: WireSetting, shared: SharedByServices): Deployment {
  const services = setting.wire.topology.services.map(({ name }) => insideService(setting, shared, name))
  return new Deployment(services.find(({ name }) => name === frontName) as InsideService, services)
}

export function insideService(setting: WireSetting, shared: SharedByServices, name: string): InsideService {
  const others = otherProcesses(setting.wire, name, setting.repeat ? shared.differs : undefined)
  const own = { ...setting, listen: setting.listen && name === frontName }
  const service: InsideService = new InsideService({
    name,
    modules: others.hosts,
    setting: { ...processSetting(own, shared, seedOf(setting.seed, name)), others },
    restarted: (process) => shared.restarted(service, (module) => readLog(process.store, module)),
  })
  return service
}
