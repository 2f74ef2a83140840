import type { Problem } from '@banyan/errors'
import { durationForm, readDuration } from '@banyan/module'
import { checkFaults, checkPolicies } from './check-policies.js'
import { defaultBackoff, deliveryBounds } from './delivery.js'
import { checkServices, mostReplicas } from './services/check.js'
import { isObject, report, unknownName } from './setting-problems.js'

type Check = (value: unknown) => string | undefined

const text: Check = (value) => (typeof value === 'string' && value.length > 0 ? undefined : 'a text')
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false')
const whole =
  (least: number, most: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `a whole number from ${least} to ${most}`
const duration: Check = (value) => (readDuration(value) === undefined ? durationForm : undefined)
/** What a log level may be. */
export const logLevels: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
const level: Check = (value) => (logLevels.includes(value as string) ? undefined : `one of ${logLevels.join(', ')}`)
const proxies: Check = (value) =>
  typeof value === 'boolean' ||
  typeof value === 'string' ||
  (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    ? undefined
    : 'true, false, an address, or a list of addresses'

const sections: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  gateway: {
    port: whole(0, 65_535),
    host: text,
    bodyLimitBytes: whole(1, 1_073_741_824),
    requestTimeoutMs: whole(1, 86_400_000),
    docs: flag,
    trustProxy: proxies,
    replicas: whole(1, mostReplicas),
  },
  store: { folder: text, connections: whole(1, 1000) },
  log: { level },
  // A stream must hold more than one event of the largest size.
  events: { maxBytes: whole(2_097_152, Number.MAX_SAFE_INTEGER), maxAge: duration },
  probe: { port: whole(0, 65_535), host: text },
  delivery: {
    ...Object.fromEntries(Object.entries(deliveryBounds).map(([name, [least, most]]) => [name, whole(least, most)])),
    inboxRetention: duration,
    logRetention: (value) => (value === 'forever' ? undefined : duration(value) && `'forever', or ${durationForm}`),
  },
}

const top: Readonly<Record<string, Check>> = { app: text, stopDeadlineMs: whole(0, 3_600_000) }

/** Every problem of a configuration: unknown names (with the nearest known one), wrong types, missing parts. */
export function checkConfig(file: string, value: unknown): Problem[] {
  if (!isObject(value))
    return [
      {
        who: file,
        where: 'default export',
        what: 'is not a configuration',
        allowed: 'export default defineConfig({ app: … })',
        remedy: 'export the configuration by default',
      },
    ]
  const problems: Problem[] = []
  if (value.app === undefined)
    problems.push({
      who: file,
      where: 'app',
      what: 'is missing',
      allowed: "the file of the app, such as './src/app.ts'",
      remedy: "add app: './src/app.ts'",
    })
  const known = [...Object.keys(top), ...Object.keys(sections), 'services', 'policies', 'faults']
  for (const [name, part] of Object.entries(value)) {
    const check = top[name]
    const section = sections[name]
    if (part === undefined) continue
    if (check) report(problems, file, name, part, check(part))
    else if (section) {
      problems.push(...checkSection(file, name, section, part))
      if (name === 'delivery') problems.push(...checkBackoff(file, part))
    } else if (name === 'services') problems.push(...checkServices(file, part))
    else if (name === 'policies') problems.push(...checkPolicies(file, part))
    else if (name === 'faults') problems.push(...checkFaults(file, part))
    else problems.push(unknownName(file, name, known))
  }
  return problems
}

function checkSection(file: string, name: string, checks: Readonly<Record<string, Check>>, value: unknown): Problem[] {
  if (!isObject(value))
    return [
      {
        who: file,
        where: name,
        what: 'is not an object',
        allowed: Object.keys(checks).join(', '),
        remedy: `write ${name}: { … }`,
      },
    ]
  const problems: Problem[] = []
  for (const [key, part] of Object.entries(value)) {
    const check = checks[key]
    if (!check)
      problems.push(
        unknownName(
          file,
          `${name}.${key}`,
          Object.keys(checks).map((known) => `${name}.${known}`),
        ),
      )
    else if (part !== undefined) report(problems, file, `${name}.${key}`, part, check(part))
  }
  return problems
}

/** Two settings that are right by themselves and wrong together. */
function checkBackoff(file: string, value: unknown): Problem[] {
  const { backoffBaseMs: base = defaultBackoff.baseMs, backoffCapMs: cap = defaultBackoff.capMs } = isObject(value)
    ? value
    : {}
  if (typeof base !== 'number' || typeof cap !== 'number' || base <= cap) return []
  return [
    {
      who: file,
      where: 'delivery.backoffCapMs',
      what: `is ${cap}, and delivery.backoffBaseMs is ${base}`,
      allowed: `at least delivery.backoffBaseMs (defaults: ${defaultBackoff.baseMs} and ${defaultBackoff.capMs})`,
      remedy: 'set both',
    },
  ]
}
