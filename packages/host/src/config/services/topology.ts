import { type Problem, problemsError } from '@banyan/errors'
import { modulesOf } from '@banyan/module'
import type { ServicePlan, Topology } from '@banyan/placement'
import type { ServiceConfig } from '../define.js'
import type { LoadedApp } from '../load.js'
import { gatewayService } from './check.js'

type Configured = Pick<LoadedApp, 'app' | 'config' | 'file'>

/**
 * Which module runs in which service, as the configuration says; the gateway is a service of its own, the last.
 * @throws `invalid-config` where there are no services, or modules are not in exactly one of them; all problems together
 */
export function topologyOf(loaded: Configured): Topology {
  const problems = serviceProblems(loaded)
  if (problems.length > 0) throw problemsError('invalid-config', {}, problems)
  const { app, config } = loaded
  const services: ServicePlan[] = Object.entries(config.services ?? {}).map(([name, service]) => {
    const { modules, replicas = 1 } = definitionOf(service)
    return { name, modules: [...modules], replicas, gateway: false }
  })
  return {
    app: app.name,
    services: [
      ...services,
      { name: gatewayService, modules: [], replicas: config.gateway?.replicas ?? 1, gateway: true },
    ],
  }
}

/** What keeps the services from being a topology of the app. The form of `services` has been checked. */
export function serviceProblems({ app, config, file }: Configured): Problem[] {
  const names = modulesOf(app).map(({ name }) => name)
  const who = file
  const services = Object.entries(config.services ?? {})
  if (services.length === 0)
    return [
      {
        who,
        where: 'services',
        what: config.services === undefined ? 'is missing' : 'names no service',
        allowed: `services: { name: [modules of ${names.join(', ')}], … }`,
        remedy: 'say which module runs in which service, or run the app in one process: banyan start',
      },
    ]
  const problems: Problem[] = []
  const placed = new Map<string, string>()
  for (const [service, definition] of services)
    for (const name of definitionOf(definition).modules) {
      const where = `services.${service}`
      const other = placed.get(name)
      if (!names.includes(name))
        problems.push({
          who,
          where,
          what: `names ${name}, which the app does not have`,
          allowed: names.join(', '),
          remedy: 'correct the name, or add the module to the app',
        })
      else if (other !== undefined)
        problems.push({
          who,
          where,
          what: `names ${name}, which ${other} hosts already`,
          remedy: 'name each module in one service',
        })
      placed.set(name, service)
    }
  const homeless = names.filter((name) => !placed.has(name))
  if (homeless.length > 0)
    problems.push({
      who,
      where: 'services',
      what: `no service hosts ${homeless.join(', ')}`,
      allowed: 'every module of the app in exactly one service',
      remedy: 'add what is missing to a service, or to one of its own',
    })
  return problems
}

function definitionOf(service: readonly string[] | ServiceConfig): ServiceConfig {
  return 'modules' in service ? service : { modules: service }
}
