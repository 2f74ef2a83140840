import { fileURLToPath } from 'node:url'
import { defineApp, defineModule } from 'banyan'
import { type ConnectionOptions, type Embedded, embed } from 'banyan/embed'
import loyalty from './loyalty/module.js'
import { shop } from './shop/contract.js'

export { shop }
export type Banyan = Embedded

// #region app
/** The shop publishes and does nothing else as a module; loyalty is the one that was adopted. */
export const modules = defineApp({ name: 'legacyShop', modules: [defineModule(shop, {}), loyalty] })
// #endregion

/** The database is the one that the shop has already. */
export function createBanyan(connection: ConnectionOptions): Banyan {
  return embed(modules, {
    work: 'all',
    connection,
    folder: fileURLToPath(new URL('..', import.meta.url)),
  })
}
