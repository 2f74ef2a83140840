import { banyanError } from '@banyan/errors'
import type { Client } from 'pg'
import type { ConnectionOptions } from '../connection/settings.js'
import { hasPromotionTables, readSourceRecord, readTargetRecord } from './record.js'
import { sideOf, withClient } from './session.js'

/**
 * Refuses to start on data that was promoted to another server, or on a target that is not complete yet. One round trip
 * for a database that never took part in a promotion.
 * @param client connected as the admin
 * @throws `promoted-away`, `promotion-unfinished`
 */
export async function checkPromotion(client: Client, app: string): Promise<void> {
  if (!(await hasPromotionTables(client))) return
  const away = await readSourceRecord(client, app)
  if (away && away.state !== 'copying') {
    throw banyanError('promoted-away', { app, target: away.target, at: new Date(away.at).toISOString() })
  }
  const here = await readTargetRecord(client, app)
  if (here && !here.finished)
    throw banyanError('promotion-unfinished', { app, at: new Date(here.beganAt).toISOString() })
}

/**
 * Lets the app start again on a database that it was promoted away from. What was written to the other server since is
 * not here, and a later promotion needs an empty target again.
 * @param client connected as the admin
 * @returns whether there was anything to forget
 */
export async function forgetPromotion(client: Client, app: string): Promise<boolean> {
  if (!(await hasPromotionTables(client))) return false
  const { rowCount } = await client.query('delete from banyan_promotion.sources where app = $1', [app])
  return rowCount !== 0
}

/** `forgetPromotion` by a connection of its own, for `banyan db promote --forget`. @throws `store-unreachable` */
export async function forgetDatabasePromotion(connection: ConnectionOptions, app: string): Promise<boolean> {
  return withClient(sideOf(connection), (client) => forgetPromotion(client, app))
}
