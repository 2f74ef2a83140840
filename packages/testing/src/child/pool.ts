import { type Problem, problemsError } from '@banyan/errors'
import { type App, modulesOf } from '@banyan/module'
import { TestChild } from './child-process.js'
import type { AppPlace, LoadedModule } from './messages.js'

/**
 * Processes that have loaded an app and wait for the next test: loading is most of what a start takes. As many are kept as
 * a test ever needed at once; all end with this process.
 */
export class ChildPool {
  readonly #app: App
  readonly #place: AppPlace
  readonly #idle: TestChild[] = []

  constructor(app: App, place: AppPlace) {
    this.#app = app
    this.#place = place
  }

  /** @throws `invalid-config` when a process cannot load the app, or finds another one */
  async take(): Promise<TestChild> {
    for (let child = this.#idle.pop(); child; child = this.#idle.pop()) if (child.alive) return child
    const { child, modules } = await TestChild.start(this.#place)
    const problems = differences(this.#app, modules)
    if (problems.length === 0) return child
    child.kill()
    throw problemsError('invalid-config', {}, problems)
  }

  /** Gives back what ended its service in order. */
  put(child: TestChild): void {
    child.belongTo(undefined)
    if (child.alive) this.#idle.push(child)
  }
}

// Owned by this process as a whole, which the children end with: no test can own what is kept from one to the next.
const pools = new WeakMap<App, Map<string, ChildPool>>()

/** The pool of an app that lies in one place. Tests of it share it. */
export function poolOf(app: App, place: AppPlace): ChildPool {
  const ofApp = pools.get(app) ?? new Map<string, ChildPool>()
  pools.set(app, ofApp)
  const key = `${place.folder} ${place.file ?? ''}`
  const pool = ofApp.get(key) ?? new ChildPool(app, place)
  ofApp.set(key, pool)
  return pool
}

/** What the app that was found in a file has not in common with the one under test. */
function differences(app: App, found: readonly LoadedModule[]): Problem[] {
  const describe = (modules: readonly LoadedModule[]): string =>
    modules.map(({ name, version }) => `${name} ${version}`).join(', ')
  const expected = describe(modulesOf(app).map(({ name, contract }) => ({ name, version: contract.version })))
  if (expected === describe(found)) return []
  return [
    {
      who: `test of ${app.name}`,
      where: 'appFile',
      what: `the file exports another app of this name: ${describe(found)}`,
      allowed: expected,
      remedy: 'Test the app that the file exports; what takes the place of a module goes under replace.',
    },
  ]
}
