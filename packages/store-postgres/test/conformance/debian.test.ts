import { describe } from 'vitest'
import { hasDebian, noDebian } from '../migrate/cluster.js'
import { debianServer } from './server.js'
import { storeConformance } from './store.js'

describe.skipIf(!hasDebian)(`the store on PostgreSQL 15${hasDebian ? '' : ` (skipped: ${noDebian})`}`, () =>
  storeConformance(debianServer),
)
