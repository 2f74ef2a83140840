import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { isBanyanError } from '@banyan/errors'
import { expect, it } from 'vitest'
import { createPostgresStore, openStore } from '../../src/create-store.js'
import { removeEmbedded } from '../../src/embedded/remove-embedded.js'
import { startEmbedded } from '../../src/embedded/start-embedded.js'
import { promote } from '../../src/promote/promote.js'
import { hasDebian, startCluster } from '../migrate/cluster.js'
import { app, connectionTo, makeDatabase, shopModules } from './shop.js'

it('moves an app from the embedded database, which then refuses to start', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-promote-'))
  const dataDir = join(folder, 'data')
  const { modules, remove } = shopModules()
  const to = await startCluster(hasDebian ? '15' : '18')
  const ambient = createAmbient()
  try {
    await makeDatabase(to, 'shop')
    const first = await openStore({ app, dataDir, ambient }, modules)
    const unit = first.module('billing').unit()
    await unit.query({ text: "insert into invoices values (gen_random_uuid(), 'the first')" })
    await unit.commit({})
    await first.close()

    const embedded = await startEmbedded({ dataDir })
    const target = { ...connectionTo(to, 'shop'), password: 'ignored by trust, and what the roles derive theirs from' }
    const result = await promote({ source: embedded.connection, target, app, modules, ambient })
    expect(result.tables).toContainEqual({ table: 'billing.invoices', rows: 1, copied: true })
    await embedded.stop()

    const again = await openStore({ app, dataDir, ambient }, modules).catch((error: unknown) => error)
    expect(isBanyanError(again, 'promoted-away')).toBe(true)
    const moved = createPostgresStore({ app, connection: target, ambient })
    await moved.open(modules)
    const { rows } = await moved.module('billing').reader.query({ text: 'select body from invoices' })
    expect(rows).toEqual([{ body: 'the first' }])
    await moved.close()
  } finally {
    remove()
    await to.stop()
    await removeEmbedded(dataDir)
    rmSync(folder, { recursive: true, force: true })
  }
})
