import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EmbeddedServer, startEmbedded } from '@banyan/store-postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { asRoot, kill, Owner, preparedDatabase, query, runs, temporaryFolder, until, writtenIds } from './support.js'

async function start(dataDir: string, options: object = {}): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, ...options })
  onTestFinished(() => server.stop())
  return server
}

/** What was acknowledged and is missing. */
async function lost(owners: Owner[], server: EmbeddedServer): Promise<number[]> {
  const kept = await writtenIds(server.connection)
  return owners.flatMap((owner) => owner.committed).filter((id) => !kept.has(id))
}

describe('kill -9 of the process that owns the server', () => {
  test('the next start takes the running server over; no acknowledged commit is lost', async () => {
    const dataDir = await preparedDatabase()
    const owners: Owner[] = []
    for (let round = 0; round < 4; round++) {
      const owner = new Owner({ dataDir })
      owners.push(owner)
      const { adopted } = await owner.started()
      expect(adopted).toBe(round > 0)
      owner.send('write')
      await owner.committedAtLeast(50)
      await owner.kill()
    }
    const server = await start(dataDir)
    expect(server.adopted).toBe(true)
    expect(server.pid).toBe((await owners[0]?.started())?.pid)
    expect(await lost(owners, server)).toEqual([])
  })

  test('a server with other settings is stopped in order and started with the new ones', async () => {
    const dataDir = await preparedDatabase()
    const owner = new Owner({ dataDir })
    const { pid } = await owner.started()
    await owner.kill()
    const server = await start(dataDir, { settings: { work_mem: '5MB' } })
    expect(server.adopted).toBe(false)
    expect(runs(pid)).toBe(false)
    expect(await query(server.connection, 'show work_mem')).toEqual([{ work_mem: '5MB' }])
  })

  test('a server that nobody takes over shuts itself down', async () => {
    const owner = new Owner({ dataDir: await preparedDatabase(), orphanGraceMs: 1000 })
    const { pid } = await owner.started()
    await owner.kill()
    await until(() => !runs(pid))
  })

  test('a server that was taken over stays', async () => {
    const dataDir = await preparedDatabase()
    const owner = new Owner({ dataDir, orphanGraceMs: 1000 })
    const { pid } = await owner.started()
    const watches = orphanWatches(dataDir)
    expect(watches).toHaveLength(1)
    await owner.kill()
    const server = await start(dataDir)
    await until(() => watches.every((watch) => !runs(watch)))
    expect(server.pid).toBe(pid)
    expect(runs(pid)).toBe(true)
  })

  test('in the middle of making the database: the next start makes it anew', async () => {
    const dataDir = join(temporaryFolder(), 'data')
    const owner = new Owner({ dataDir })
    const drafts = () => (statSync(dataDir, { throwIfNoEntry: false }) ? readdirSync(dataDir) : []).filter(isDraft)
    await until(() =>
      drafts().some((name) => name.startsWith('cluster-') && readdirSync(join(dataDir, name)).includes('cluster')),
    )
    await owner.kill()
    expect(owner.lines.some(({ started }) => started)).toBe(false)
    writeFileSync(join(dataDir, 'password.0123456789ab.new'), 'half a passw')
    const server = await start(dataDir)
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(drafts()).toEqual([])
  })
})

const isDraft = (name: string) => /\.new$/.test(name)

/** The shells that watch over the owner of a folder. */
function orphanWatches(dataDir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const watches = readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('banyan-orphan-watch')
        return watches && readFileSync(`/proc/${name}/environ`, 'utf8').includes(`CLUSTER=${dataDir}/`)
      } catch {
        return false // it ended while we looked
      }
    })
    .map(Number)
}

describe('kill -9 of the server', () => {
  test('it is started again; no acknowledged commit is lost', async () => {
    const dataDir = await preparedDatabase()
    const owner = new Owner({ dataDir })
    const { pid, connection } = await owner.started()
    owner.send('write')
    await owner.committedAtLeast(50)
    kill(pid)
    await owner.tells(({ log }) => (log?.includes('runs again') ? true : undefined))
    const kept = await writtenIds(connection)
    expect(owner.committed.filter((id) => !kept.has(id))).toEqual([])
    expect(owner.committed.length).toBeGreaterThanOrEqual(50)
  })

  test('a process of it that is busy does not keep it from starting again', async () => {
    const server = await start(await preparedDatabase())
    const [{ busy } = {}] = await query(server.connection, 'select pg_backend_pid() as busy')
    expect(busy).toBeTypeOf('number')
    // This one does not look up from its work: it neither waits nor notices that the server is gone.
    const work = query(server.connection, 'select count(*) from generate_series(1, 2000000000)')
    const ended = expect(work).rejects.toThrow()
    await until(async () => {
      const rows = await query(
        server.connection,
        "select 1 from pg_stat_activity where query like '%generate_series(1%' and pid <> pg_backend_pid()",
      )
      return rows.length > 0
    })
    const before = server.pid
    kill(before)
    await until(() => server.pid !== before)
    await ended
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('with supervision off it is told, and can be started again', async () => {
    const dataDir = await preparedDatabase()
    const server = await start(dataDir, { supervise: false })
    await query(server.connection, 'create table kept as select 1 as one')
    kill(server.pid)
    expect(await server.closed).toMatchObject({ reason: 'died', error: { code: 'store-start-failed' } })
    const again = await start(dataDir)
    expect(await query(again.connection, 'select one from kept')).toEqual([{ one: 1 }])
  })

  test('again and again: it is given up after five times, and the folder is free', async () => {
    const dataDir = await preparedDatabase()
    const server = await start(dataDir)
    let closed: unknown
    void server.closed.then((outcome) => {
      closed = outcome
    })
    const killed = new Set<number>()
    await until(() => {
      if (!killed.has(server.pid)) kill(server.pid)
      killed.add(server.pid)
      return closed !== undefined
    })
    expect(closed).toMatchObject({ reason: 'gave-up' })
    expect(killed.size).toBe(6)
    const again = await start(dataDir)
    expect(again.adopted).toBe(false)
  })

  test('after it was taken over, it is started again as well', async () => {
    const dataDir = await preparedDatabase()
    const owner = new Owner({ dataDir })
    await owner.started()
    await owner.kill()
    const server = await start(dataDir)
    expect(server.adopted).toBe(true)
    const before = server.pid
    kill(before)
    await until(() => server.pid !== before)
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

describe('kill -9 of both', () => {
  test('no acknowledged commit is lost', async () => {
    const dataDir = await preparedDatabase()
    const owners: Owner[] = []
    for (let round = 0; round < 3; round++) {
      const owner = new Owner({ dataDir })
      owners.push(owner)
      const { pid, adopted } = await owner.started()
      expect(adopted).toBe(false)
      owner.send('write')
      await owner.committedAtLeast(50)
      kill(owner.pid)
      kill(pid)
      await owner.kill()
    }
    const server = await start(dataDir)
    expect(await lost(owners, server)).toEqual([])
  })

  test.skipIf(!asRoot)(
    'its lock files name processes that are somebody else by now: it starts (needs root)',
    async () => {
      const dataDir = await preparedDatabase()
      const owner = new Owner({ dataDir })
      const { pid, connection } = await owner.started()
      await query(connection, 'create table kept as select 1 as one')
      kill(owner.pid)
      kill(pid)
      await owner.kill()
      await until(() => !runs(pid))
      // The same user runs the other program: only then would PostgreSQL itself take it for a server.
      const { uid, gid } = statSync(join(dataDir, 'cluster'))
      const other = spawn('sleep', ['1000'], { uid, gid, stdio: 'ignore' })
      onTestFinished(() => {
        other.kill()
      })
      for (const file of [join(dataDir, 'cluster', 'postmaster.pid'), join(connection.host, '.s.PGSQL.5432.lock')]) {
        writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(other.pid)))
      }
      const server = await start(dataDir)
      expect(server.adopted).toBe(false)
      expect(await query(server.connection, 'select one from kept')).toEqual([{ one: 1 }])
      expect(runs(other.pid ?? -1)).toBe(true)
    },
  )
})
