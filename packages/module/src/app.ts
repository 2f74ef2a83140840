import type { AnyModule, Module } from './module-types.js'

/** An app: modules that fit together. Its type holds the names of the modules only, so it stays small. */
export interface App<Names extends string = string> {
  readonly kind: 'app'
  readonly name: string
  readonly modules: readonly Module<Names>[]
}

/**
 * Puts modules together. Whether they fit is checked by `checkWiring`, when the app starts and by `banyan check`, so
 * that everything wrong is reported together.
 */
export function defineApp<const Names extends string>(options: {
  /** Names databases, roles and subjects: letters and digits, beginning with a small letter. */
  readonly name: string
  readonly modules: readonly Module<Names>[]
}): App<Names> {
  return Object.freeze({ kind: 'app' as const, name: options.name, modules: Object.freeze([...options.modules]) })
}

/** The modules of an app, in the order written. */
export function modulesOf(app: App): readonly AnyModule[] {
  return app.modules
}
