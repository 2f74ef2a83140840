import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue, isBanyanError } from '@banyan/errors'
import { type EmbeddedOptions, startEmbedded } from '@banyan/store-postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findNativePackage } from '../../src/embedded/native-package.js'
import { asRoot, kill, preparedDatabase, query, temporaryFolder } from './support.js'

async function failure(options: EmbeddedOptions) {
  try {
    const server = await startEmbedded(options)
    await server.stop()
  } catch (error) {
    if (isBanyanError(error)) return error
    throw error
  }
  throw new Error('It started')
}

describe('a start that fails says why, and leaves the folder free', () => {
  test('a server that does not start: with the end of its log', async () => {
    const dataDir = await preparedDatabase()
    const error = await failure({ dataDir, settings: { max_connections: 'many' } })
    expect(error).toMatchObject({
      code: 'store-start-failed',
      message: expect.stringContaining('it ended with code 1'),
    })
    const { log } = error.details as { log: string[] }
    expect(log.join('\n')).toContain('invalid value for parameter "max_connections": "many"')
    expect(String(error.cause)).toContain('max_connections')

    const server = await startEmbedded({ dataDir })
    await server.stop()
  })

  test('a database of another major version', async () => {
    const dataDir = await preparedDatabase()
    const server = await startEmbedded({ dataDir })
    await server.stop()
    writeFileSync(join(dataDir, 'cluster', 'PG_VERSION'), '17\n')
    expect(await failure({ dataDir })).toMatchObject({
      code: 'store-version-mismatch',
      message: 'The database is PostgreSQL 17; 18 is needed',
    })
    expect(catalogue['store-version-mismatch'].remedy).toMatch(/older version/)
  })

  test('a folder that is no database', async () => {
    const dataDir = join(temporaryFolder(), 'data')
    mkdirSync(join(dataDir, 'cluster'), { recursive: true })
    expect(await failure({ dataDir })).toMatchObject({
      code: 'store-folder-unusable',
      message: expect.stringContaining('it has no PG_VERSION'),
    })
  })

  test('a path that leads through a file', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    expect(await failure({ dataDir: join(folder, 'file', 'data') })).toMatchObject({ code: 'store-folder-unusable' })
  })

  test('a platform without a package', () => {
    const platform = process.platform
    Object.defineProperty(process, 'platform', { value: 'sunos' })
    try {
      expect(() => findNativePackage()).toThrow(`No embedded PostgreSQL for sunos-${process.arch}`)
    } finally {
      Object.defineProperty(process, 'platform', { value: platform })
    }
  })

  test('a data folder that is removed while the server runs', async () => {
    const dataDir = await preparedDatabase()
    const server = await startEmbedded({ dataDir })
    rmSync(dataDir, { recursive: true })
    kill(server.pid)
    expect(await server.closed).toMatchObject({ reason: 'gave-up', error: { code: 'store-folder-unusable' } })
    await server.stop()
  })

  test.skipIf(!asRoot)('a full disk, while the database is made and afterwards (needs root)', async () => {
    const folder = temporaryFolder()
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', disk]).status).toBe(0)
    onTestFinished(() => {
      spawnSync('umount', ['-l', disk])
    })
    chmodSync(disk, 0o755)
    const dataDir = join(disk, 'data')
    expect(await failure({ dataDir })).toMatchObject({
      code: 'store-folder-unusable',
      message: expect.stringMatching(/the disk is full/),
    })
    spawnSync('mount', ['-o', 'remount,size=120m', disk])
    const server = await startEmbedded({ dataDir })
    await query(server.connection, 'create table kept as select 1 as one')
    await server.stop()

    const filler = join(disk, 'filler')
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1M'])
    expect(await failure({ dataDir })).toMatchObject({ code: 'store-folder-unusable' })
    rmSync(filler)
    const again = await startEmbedded({ dataDir })
    expect(await query(again.connection, 'select one from kept')).toEqual([{ one: 1 }])
    await again.stop()
  })
})
