import { createAmbient } from '@banyan/ambient'
import { createLogger } from '@banyan/runtime'
import { type TestApp, type TestAppOptions, testApp } from '@banyan/testing'
import type { Placement } from '../placements.js'
import { shop, shopFolder } from './app.js'

/** The shop under test. Its log is silent: most tests here let something fail. */
export function openShop(
  options: TestAppOptions<'orders' | 'stock' | 'mail'> = {},
): Promise<TestApp<'orders' | 'stock' | 'mail'>> {
  return testApp(shop, {
    baseFolder: shopFolder,
    appFile: 'app.ts',
    logger: createLogger({ level: 'silent' }),
    ...options,
  })
}

/** The shop in a placement. */
export function shopIn(placement: Placement) {
  return (options: TestAppOptions<'orders' | 'stock' | 'mail'> = {}) => openShop({ placement, ...options })
}

/** A command id that is given, so that the outcome is recorded. */
export function newId(): string {
  return createAmbient().newId()
}

export const order = { customer: 'ada', sku: 'sku-1', quantity: 2 }
