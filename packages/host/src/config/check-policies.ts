import type { Problem } from '@banyan/errors'
import { type AnyModule, durationForm, modulesOf, readDuration } from '@banyan/module'
import { faultCodes, outside } from '@banyan/resilience'
import type { PolicyApp } from './policies.js'
import { isObject, report, unknownName } from './setting-problems.js'

type Check = (value: unknown) => string | undefined
type Fields = Readonly<Record<string, Check>>

const number =
  (least: number, most: number, whole: boolean): Check =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))
      ? undefined
      : `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`
const count = (least: number, most: number): Check => number(least, most, true)
// A wait of nothing would be no wait, and a day is longer than any call.
const wait: Check = (value) => {
  const ms = readDuration(value)
  return ms !== undefined && ms >= 1 && ms <= 86_400_000 ? undefined : `${durationForm}, from 1 ms to a day`
}
const oneOf =
  (names: readonly string[]): Check =>
  (value) =>
    names.includes(value as string) ? undefined : names.join(', ')

const mostPlaces = 1_000_000
const budget: Fields = { ratio: number(0, 1, false), perSecond: number(0, 1_000, false) }

const objects: Readonly<Record<string, Fields>> = {
  retry: {
    attempts: count(2, 10),
    base: wait,
    cap: wait,
    budget: (value) => (isObject(value) ? undefined : '{ ratio, perSecond }'),
  },
  breaker: {
    failures: count(1, 10_000),
    ratio: number(0.01, 1, false),
    window: wait,
    least: count(1, 1_000_000),
    openFor: wait,
    probes: count(1, 1_000),
  },
  bulkhead: { concurrency: count(1, mostPlaces), queue: count(0, mostPlaces) },
  hedge: { after: (value) => (value === 'p95' ? undefined : wait(value) && `'p95', or ${durationForm}`) },
}
const required: Readonly<Record<string, readonly string[]>> = { bulkhead: ['concurrency'], hedge: ['after'] }
const partNames = ['timeout', 'retry', 'breaker', 'bulkhead', 'hedge', 'fallback']

const fault: Fields = {
  edge: (value) => (edgeOf(value) ? undefined : edgeForm),
  operation: (value) => (typeof value === 'string' && value !== '' ? undefined : 'the name of an operation'),
  percent: number(0, 100, false),
  latency: wait,
  error: oneOf(faultCodes),
  drop: oneOf(['call', 'answer']),
}

const edgeForm = `'caller -> module', where each may be *, the caller also ${outside}; or '*'`

/** Caller and module of the name of an edge. */
function edgeOf(name: unknown): readonly [string, string] | undefined {
  if (name === '*') return ['*', '*']
  const [, caller, module] = (typeof name === 'string' && /^(\S+) -> (\S+)$/.exec(name)) || []
  return caller === undefined || module === undefined ? undefined : [caller, module]
}

/** Every problem of the form of `policies`. */
export function checkPolicies(file: string, value: unknown): Problem[] {
  if (!isObject(value)) return [notAnObject(file, 'policies', "{ 'caller -> module': { … } }")]
  const problems: Problem[] = []
  for (const [name, edge] of Object.entries(value)) {
    const where = `policies['${name}']`
    if (!edgeOf(name))
      problems.push({ who: file, where, what: 'names no edge', allowed: edgeForm, remedy: 'correct the name' })
    if (edge === undefined) continue
    if (isObject(edge)) for (const [part, set] of Object.entries(edge)) checkPart(problems, file, where, part, set)
    else problems.push(notAnObject(file, where, partNames.join(', ')))
  }
  return problems
}

function checkPart(problems: Problem[], file: string, edge: string, part: string, value: unknown): void {
  const where = `${edge}.${part}`
  if (!partNames.includes(part)) {
    problems.push(
      unknownName(
        file,
        where,
        partNames.map((name) => `${edge}.${name}`),
      ),
    )
    return
  }
  if (value === undefined || value === false) return
  const fields = objects[part]
  if (part === 'timeout') report(problems, file, where, value, wait(value))
  else if (part === 'bulkhead' && typeof value === 'number')
    report(problems, file, where, value, count(1, mostPlaces)(value))
  else if (!isObject(value))
    problems.push(notAnObject(file, where, fields ? Object.keys(fields).join(', ') : '{ query: value }'))
  else if (fields) {
    checkFields(problems, file, where, fields, value, required[part] ?? [])
    if (part === 'retry' && isObject(value.budget))
      checkFields(problems, file, `${where}.budget`, budget, value.budget, [])
    if (part === 'retry') checkWaits(problems, file, where, value)
  }
}

function checkFields(
  problems: Problem[],
  file: string,
  where: string,
  fields: Fields,
  value: Readonly<Record<string, unknown>>,
  needed: readonly string[],
): void {
  const known = Object.keys(fields).map((field) => `${where}.${field}`)
  for (const [name, given] of Object.entries(value)) {
    const check = fields[name]
    if (!check) problems.push(unknownName(file, `${where}.${name}`, known))
    else if (given !== undefined) report(problems, file, `${where}.${name}`, given, check(given))
  }
  for (const name of needed)
    if (value[name] === undefined)
      problems.push({ who: file, where: `${where}.${name}`, what: 'is missing', remedy: `set ${name}` })
}

/** Two waits that are right by themselves and wrong together. */
function checkWaits(problems: Problem[], file: string, where: string, value: Readonly<Record<string, unknown>>): void {
  const [base, cap] = [readDuration(value.base ?? 25), readDuration(value.cap ?? 1_000)]
  if (base !== undefined && cap !== undefined && base > cap)
    report(problems, file, `${where}.cap`, cap, `at least ${where}.base, ${base} (defaults: 25 and 1000 ms)`)
}

/** Every problem of the form of `faults`. */
export function checkFaults(file: string, value: unknown): Problem[] {
  if (!Array.isArray(value))
    return [{ ...notAnObject(file, 'faults', '[{ edge, percent, … }]'), what: 'is not a list' }]
  const problems: Problem[] = []
  for (const [index, rule] of value.entries()) {
    const where = `faults[${index}]`
    if (!isObject(rule)) {
      problems.push(notAnObject(file, where, Object.keys(fault).join(', ')))
      continue
    }
    checkFields(problems, file, where, fault, rule, ['edge', 'percent'])
    if (rule.latency === undefined && rule.error === undefined && rule.drop === undefined)
      problems.push({ who: file, where, what: 'does nothing', allowed: 'latency, error, drop', remedy: 'name a fault' })
  }
  return problems
}

/** What of policies and faults does not fit the app or the environment. */
export function policyProblems(
  { app, config, file }: PolicyApp & { readonly file: string },
  environment: Readonly<Record<string, string | undefined>>,
): Problem[] {
  const modules = new Map(modulesOf(app).map((module) => [module.name, module]))
  const problems: Problem[] = []
  for (const [name, edge] of Object.entries(config.policies ?? {})) {
    const where = `policies['${name}']`
    checkNames(problems, file, where, name, modules)
    if (edge?.fallback) checkFallbacks(problems, file, where, name, edge.fallback, modules)
  }
  for (const [index, { edge, operation }] of (config.faults ?? []).entries()) {
    const where = `faults[${index}]`
    checkNames(problems, file, `${where}.edge`, edge, modules)
    if (
      operation !== undefined &&
      !calleesOf(edge, modules).some(({ contract }) => contract.commands[operation] ?? contract.queries[operation])
    )
      problems.push({
        who: file,
        where: `${where}.operation`,
        what: `no module of '${edge}' has ${operation}`,
        remedy: 'correct the name',
      })
  }
  if (modules.has(outside) && Object.keys(config.policies ?? {}).length > 0)
    problems.push({
      who: file,
      where: 'policies',
      what: `the module ${outside} cannot be told from calls from outside`,
      remedy: 'give the module another name',
    })
  return [...problems, ...switchProblems(environment)]
}

function switchProblems({ BANYAN_FAULTS, NODE_ENV }: Readonly<Record<string, string | undefined>>): Problem[] {
  if (BANYAN_FAULTS === undefined || BANYAN_FAULTS === 'off' || BANYAN_FAULTS === 'production') return []
  const found = { who: 'environment', where: 'BANYAN_FAULTS' }
  if (BANYAN_FAULTS !== 'on')
    return [
      { ...found, what: `is ${JSON.stringify(BANYAN_FAULTS)}`, allowed: 'on, off, production', remedy: 'correct it' },
    ]
  if (NODE_ENV !== 'production') return []
  return [
    {
      ...found,
      what: 'is on, with NODE_ENV=production',
      allowed: 'off, production',
      remedy: 'unset it, or set it to production if faults are meant there',
    },
  ]
}

function checkNames(
  problems: Problem[],
  file: string,
  where: string,
  name: string,
  modules: ReadonlyMap<string, AnyModule>,
): void {
  const [caller, module] = edgeOf(name) ?? ['*', '*']
  for (const given of [caller === outside ? '*' : caller, module])
    if (given !== '*' && !modules.has(given))
      problems.push({
        who: file,
        where,
        what: `names ${given}, which the app does not have`,
        allowed: [...modules.keys(), '*', outside].join(', '),
        remedy: 'correct the name, or add the module to the app',
      })
}

function calleesOf(edge: string, modules: ReadonlyMap<string, AnyModule>): AnyModule[] {
  const [, module] = edgeOf(edge) ?? ['*', '*']
  return [...modules.values()].filter(({ name }) => module === '*' || module === name)
}

function checkFallbacks(
  problems: Problem[],
  file: string,
  where: string,
  edge: string,
  fallback: Readonly<Record<string, unknown>>,
  modules: ReadonlyMap<string, AnyModule>,
): void {
  for (const [operation, value] of Object.entries(fallback)) {
    const queries = calleesOf(edge, modules).flatMap(({ contract }) => contract.queries[operation] ?? [])
    const at = { who: file, where: `${where}.fallback.${operation}` }
    if (queries.length === 0)
      problems.push({
        ...at,
        what: 'is no query of the called module',
        remedy: 'name a query; a command has no fallback',
      })
    else if (typeof value !== 'function' && !queries.some(({ outputCodec }) => outputCodec.check(value).ok))
      problems.push({ ...at, what: 'does not fit the output that the contract promises', remedy: 'correct the value' })
  }
}

function notAnObject(who: string, where: string, allowed: string): Problem {
  return { who, where, what: 'is not an object', allowed, remedy: 'correct the value' }
}
