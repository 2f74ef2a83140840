import type { Problem } from '@banyan/errors'
import type { App, Module } from '@banyan/module'
import type { Identity, Logger } from '@banyan/runtime'

export type TestPlacement = 'local' | 'wire' | 'distributed'

/** How an app is tested. Every part may be absent. */
export interface TestAppOptions<Names extends string = string> {
  /**
   * Where the modules run. `local`: all in this process. `wire`: each a service of its own in this process, which reach
   * each other through a broker only. `distributed`: each in a process of its own, which loads the app itself. Default: the
   * environment variable BANYAN_TEST_PLACEMENT, else `local`.
   */
  readonly placement?: TestPlacement
  /**
   * In placement `wire`: whether every call is made twice, as by a caller whose answer was lost. Default true; false where a
   * test counts how often code runs, which nothing promises.
   */
  readonly repeat?: boolean
  /** Modules that take the place of those of the same name; see `standIn`. */
  readonly replace?: readonly Module<Names>[]
  /** Who calls, where a call does not say otherwise. Default: nobody is authenticated. */
  readonly as?: Identity
  /** What modules read their config from. Default: nothing; a test does not depend on the machine that it runs on. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where ids and randomness begin: the same seed gives the same ones (P10). Default 1. */
  readonly seed?: number
  /** Where the clock stands at the beginning. Default: the time at which the test begins. */
  readonly now?: Date | number | string
  /** Where relative folders of migrations begin. Default: the current folder. */
  readonly baseFolder?: string
  /**
   * In placement `distributed`: the file that exports the app, for the processes that load it. Relative to the base folder.
   * Default: the file that `banyan.config.ts` there names.
   */
  readonly appFile?: string
  /** Listen on a free port of 127.0.0.1, at `t.url`. Default false: `t.fetch` needs no port. */
  readonly gateway?: boolean
  /** Default: lines of level `error` go to the standard error stream. */
  readonly logger?: Logger
  /** The folder of the embedded database that the tests of a project share. Default `.banyan/test`. */
  readonly databaseFolder?: string
  /** A server on which the user may create databases. Default: the environment variable DATABASE_URL; else embedded. */
  readonly databaseUrl?: string
  /** The folder of the broker that the tests of a project share. Default `.banyan/test-broker`. */
  readonly brokerFolder?: string
  /** A NATS server with JetStream. Default: the environment variable NATS_URL; else one is started. */
  readonly brokerUrl?: string
}

const placements: readonly string[] = ['local', 'wire', 'distributed'] satisfies TestPlacement[]
const placementVariable = 'BANYAN_TEST_PLACEMENT'

/** Where the modules run: as the test says, else as the environment does. */
export function placementOf({ placement }: Pick<TestAppOptions, 'placement'>): TestPlacement {
  return placement ?? ((process.env[placementVariable] || 'local') as TestPlacement)
}

/** What is wrong with the options, all of it. */
export function optionProblems(app: App, options: TestAppOptions): Problem[] {
  const { replace = [] } = options
  const placement = placementOf(options)
  const who = `test of ${app.name}`
  const problems: Problem[] = []
  if (!placements.includes(placement))
    problems.push({
      who,
      where: options.placement === undefined ? placementVariable : 'placement',
      what: `'${placement}' is not a placement`,
      allowed: placements.join(', '),
      remedy: 'Name one of them; what a module does must not depend on where it runs (P1).',
    })
  const names = app.modules.map((module) => module.name)
  for (const { name } of replace)
    if (!names.includes(name))
      problems.push({
        who,
        where: 'replace',
        what: `the app has no module '${name}'`,
        allowed: names.join(', '),
        remedy: 'Replace a module of the app, or take it out.',
      })
  const { now } = options
  if (now !== undefined && Number.isNaN(Number(new Date(now))))
    problems.push({ who, where: 'now', what: `'${now}' is not a time`, remedy: 'Write an ISO 8601 time.' })
  return problems
}
