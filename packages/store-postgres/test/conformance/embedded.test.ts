import { describe } from 'vitest'
import { embeddedServer } from './server.js'
import { storeConformance } from './store.js'

describe('the store on embedded PostgreSQL', () => storeConformance(embeddedServer))
