import type { Problem } from '@banyan/errors'
import type { App, Module } from '@banyan/module'
import type { Identity, Logger } from '@banyan/runtime'

/** How an app is tested. Every part may be absent. */
export interface TestAppOptions<Names extends string = string> {
  /**
   * Where the modules run. `local`: all in this process. `wire` (one process, through the full path of a broker) and
   * `distributed` (processes of their own) are refused until there is a broker. Default `local`.
   */
  readonly placement?: 'local' | 'wire' | 'distributed'
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
  /** Listen on a free port of 127.0.0.1, at `t.url`. Default false: `t.fetch` needs no port. */
  readonly gateway?: boolean
  /** Default: lines of level `error` go to the standard error stream. */
  readonly logger?: Logger
  /** The folder of the embedded database that the tests of a project share. Default `.banyan/test`. */
  readonly databaseFolder?: string
  /** A server on which the user may create databases. Default: the environment variable DATABASE_URL; else embedded. */
  readonly databaseUrl?: string
}

/** What is wrong with the options, all of it. */
export function optionProblems(app: App, options: TestAppOptions): Problem[] {
  const { placement = 'local', replace = [] } = options
  const who = `test of ${app.name}`
  const problems: Problem[] = []
  if (placement !== 'local')
    problems.push({
      who,
      where: 'placement',
      what:
        placement === 'wire' || placement === 'distributed'
          ? `'${placement}' needs a broker, which is not part of this release`
          : `'${placement}' is not a placement`,
      allowed: "'local'",
      remedy: "Test with placement: 'local'; what a module does must not depend on where it runs (P1).",
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
