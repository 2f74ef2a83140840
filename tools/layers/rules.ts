/**
 * The layers of ARCHITECTURE.md as data. A new package gets its line here; a new edge inside a layer gets its line and
 * its reason, so that both are visible in review.
 */
export interface Layer {
  readonly name: string
  readonly packages: readonly string[]
}

export interface LayerRules {
  /** From the ground up: a package may import packages of layers below its own. */
  readonly layers: readonly Layer[]
  /** Imports that are allowed inside one layer, `from` to `to`, each with its reason. */
  readonly withinLayer: readonly { readonly from: string; readonly to: string; readonly why: string }[]
  /** Packages that run wherever JavaScript does: no Node modules. */
  readonly portable: readonly string[]
  /** The one package that may read the clock, draw randomness and make ids (P10). */
  readonly ambient: string
  /** Packages where choosing a placement is the task, each with its reason; elsewhere code must not branch on it (P1). */
  readonly choosePlacement: readonly { readonly package: string; readonly why: string }[]
  /** Sources of examples that stand for programs outside Banyan, each with its reason. */
  readonly outsiders: readonly { readonly folder: string; readonly why: string }[]
  readonly maximumFileLines: number
  readonly maximumFunctionLines: number
}

export const rules: LayerRules = {
  layers: [
    { name: 'ground', packages: ['errors', 'ambient'] },
    { name: 'promise', packages: ['contract', 'module'] },
    { name: 'engine', packages: ['runtime', 'saga', 'projection', 'resilience', 'placement'] },
    { name: 'adapters', packages: ['store-postgres', 'broker-nats', 'telemetry-otel'] },
    { name: 'edges', packages: ['gateway', 'console', 'client', 'architect'] },
    { name: 'compose', packages: ['host', 'testing', 'cli', 'banyan', 'create-banyan'] },
  ],
  withinLayer: [
    { from: 'module', to: 'contract', why: 'a module keeps the promise that its contract makes' },
    { from: 'placement', to: 'runtime', why: 'it delivers the envelopes of the runtime, through its ports' },
    { from: 'resilience', to: 'runtime', why: 'its policies wrap the placement of the runtime' },
    { from: 'testing', to: 'host', why: 'a test composes an app the way a process does' },
    { from: 'cli', to: 'host', why: 'the commands start and inspect a host' },
    { from: 'banyan', to: 'host', why: 'the one package that app authors import names every public export' },
    { from: 'banyan', to: 'testing', why: 'the one package that app authors import names every public export' },
    { from: 'banyan', to: 'cli', why: 'the one package that app authors install carries the command' },
  ],
  portable: ['errors', 'ambient', 'contract', 'module'],
  ambient: 'ambient',
  choosePlacement: [
    { package: 'placement', why: 'it is the seam: it decides where a call goes' },
    { package: 'testing', why: 'a test names the placement that its app is to be started in' },
  ],
  outsiders: [
    { folder: 'examples/legacy-express/', why: 'an existing shop that adopts one module and keeps its own clock' },
  ],
  maximumFileLines: 500,
  maximumFunctionLines: 70,
}
