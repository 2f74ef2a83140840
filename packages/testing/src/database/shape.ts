import { createHash } from 'node:crypto'
import type { StoreModule } from '@banyan/runtime'
import { ownSchemaSteps, readMigrations } from '@banyan/store-postgres'

/** Names that belong to apps of one shape: same name, same modules, same migrations, same tables of Banyan's own. */
export interface Shape {
  /** The app as the store knows it: its roles begin with it, and no real app has such a name. */
  readonly app: string
  /** The database that is opened once and cloned from then on. */
  readonly template: string
  /** What the names of the clones begin with. */
  readonly clonePrefix: string
}

/** Databases of this package, and no others, have names that begin like this. */
export const databasePrefix = 'banyan_test_'
export const templatePrefix = `${databasePrefix}template_`

/** The shape of an app. Reads the migrations. */
export function shapeOf(app: string, modules: readonly StoreModule[]): Shape {
  const hash = createHash('sha256').update(JSON.stringify([app, ownSchemaSteps]))
  for (const { name, migrations } of [...modules].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const files = migrations === undefined ? [] : readMigrations(migrations)
    hash.update(JSON.stringify([name, files.map(({ file, checksum }) => [file, checksum])]))
  }
  const mark = hash.digest('hex').slice(0, 12)
  return {
    app: `${app.slice(0, 24)}Test${mark}`,
    template: `${templatePrefix}${mark}`,
    clonePrefix: `${databasePrefix}${mark}_`,
  }
}
