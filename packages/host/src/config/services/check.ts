import type { Problem } from '@banyan/errors'
import { isObject } from '../setting-problems.js'

/** Most processes of one service. */
export const mostReplicas = 64

/** The service that the HTTP gateway runs in; it is in every topology. */
export const gatewayService = 'gateway'

// A token of subjects, a part of file names, and a label of DNS.
const nameForm = /^[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

/** What is wrong with the form of `services`, before the app is known. */
export function checkServices(file: string, value: unknown): Problem[] {
  if (!isObject(value))
    return [
      {
        who: file,
        where: 'services',
        what: 'is not an object',
        allowed: "{ name: ['module', …] }",
        remedy: 'list the modules of each service',
      },
    ]
  const lower = new Map<string, string>()
  return Object.entries(value).flatMap(([name, service]) => {
    const twin = lower.get(name.toLowerCase())
    lower.set(name.toLowerCase(), name)
    return [...nameProblems(file, name, twin), ...definitionProblems(file, name, service)]
  })
}

function nameProblems(file: string, name: string, twin: string | undefined): Problem[] {
  const where = `services.${name}`
  if (!nameForm.test(name))
    return [
      {
        who: file,
        where,
        what: 'is not a name that a service can have',
        allowed: 'up to 63 letters, digits and dashes; a letter first, no dash last',
        remedy: 'choose another name',
      },
    ]
  if (name.toLowerCase() === gatewayService)
    return [
      {
        who: file,
        where,
        what: 'is the name of the service that the HTTP gateway runs in, which is always there',
        remedy: 'choose another name; gateway.replicas says how many gateways there are',
      },
    ]
  return twin === undefined
    ? []
    : [
        {
          who: file,
          where,
          what: `differs from services.${twin} in capital letters only`,
          remedy: 'choose another name; files are named after services, and some disks see no difference',
        },
      ]
}

function definitionProblems(file: string, name: string, service: unknown): Problem[] {
  const where = `services.${name}`
  const modules = Array.isArray(service) ? service : isObject(service) ? service.modules : undefined
  const problems: Problem[] = []
  if (!(Array.isArray(modules) && modules.length > 0 && modules.every((item) => typeof item === 'string')))
    problems.push({
      who: file,
      where,
      what: 'names no modules',
      allowed: "['module', …] or { modules: ['module', …], replicas }",
      remedy: 'list at least one module',
    })
  if (!isObject(service)) return problems
  const { modules: _, replicas, ...unknown } = service
  for (const setting of Object.keys(unknown))
    problems.push({
      who: file,
      where: `${where}.${setting}`,
      what: 'is not a setting',
      allowed: 'modules, replicas',
      remedy: 'remove it',
    })
  if (
    replicas !== undefined &&
    !(Number.isInteger(replicas) && Number(replicas) >= 1 && Number(replicas) <= mostReplicas)
  )
    problems.push({
      who: file,
      where: `${where}.replicas`,
      what: `is ${JSON.stringify(replicas) ?? typeof replicas}`,
      allowed: `a whole number from 1 to ${mostReplicas}`,
      remedy: 'correct the value',
    })
  return problems
}
