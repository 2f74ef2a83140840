import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { type EmbeddedLogLine, type EmbeddedServer, removeEmbedded, startEmbedded } from '@banyan/store-postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nativeFiles } from '../../src/embedded/native-files.js'
import { findNativePackage } from '../../src/embedded/native-package.js'
import { chooseServerUser } from '../../src/embedded/server-user.js'
import { asRoot, nobody, Owner, query, runScript, temporaryFolder, until } from './support.js'

const ownerOf = (path: string) => statSync(path).uid
const processOwner = (pid: number) => statSync(`/proc/${pid}`).uid

async function start(dataDir: string): Promise<{ server: EmbeddedServer; lines: EmbeddedLogLine[] }> {
  const lines: EmbeddedLogLine[] = []
  const server = await startEmbedded({ dataDir, log: (line) => lines.push(line) })
  onTestFinished(() => server.stop())
  return { server, lines }
}

describe.skipIf(!asRoot)('started by root (needs root)', () => {
  test('it runs as another user, to whom only the database belongs, and says so', async () => {
    const dataDir = join(temporaryFolder(), 'data')
    const { server, lines } = await start(dataDir)
    expect(processOwner(server.pid)).not.toBe(0)
    expect(ownerOf(join(dataDir, 'cluster'))).toBe(processOwner(server.pid))
    expect(ownerOf(join(dataDir, 'password'))).toBe(0)
    expect(lines).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/runs as user .*refuses root/) }),
    )
  })

  test("in somebody's project it runs as that user, who can start it without root later", async () => {
    const project = temporaryFolder()
    chownSync(project, nobody.uid, nobody.gid)
    chmodSync(project, 0o700)
    const dataDir = join(project, '.banyan', 'data')
    const { server } = await start(dataDir)
    expect(processOwner(server.pid)).toBe(nobody.uid)
    await query(server.connection, 'create table kept as select 1 as one')
    await server.stop()

    const owner = new Owner({ dataDir }, nobody)
    const { connection } = await owner.started()
    expect(await query(connection, 'select one from kept')).toEqual([{ one: 1 }])
  })

  test('a database copied by root is given to the user that runs it', async () => {
    const folder = temporaryFolder()
    const { server } = await start(join(folder, 'data'))
    await query(server.connection, 'create table kept as select 1 as one')
    await server.stop()
    // As `cp -r` by root does: everything belongs to root then.
    expect(spawnSync('cp', ['-r', join(folder, 'data'), join(folder, 'restored')]).status).toBe(0)
    const restored = await start(join(folder, 'restored'))
    expect(await query(restored.server.connection, 'select one from kept')).toEqual([{ one: 1 }])
  })

  describe('under a closed folder', () => {
    function closedProject() {
      const project = temporaryFolder()
      chmodSync(project, 0o700)
      return { project, dataDir: join(project, 'data') }
    }
    const pointer = (dataDir: string) =>
      JSON.parse(readFileSync(join(dataDir, 'location.json'), 'utf8')).folder as string

    test('the database lies outside, in a folder that the data folder names, and is found again', async () => {
      const { dataDir } = closedProject()
      const { server, lines } = await start(dataDir)
      const home = pointer(dataDir)
      expect(home).toMatch(/^\/var\/(lib\/banyan|tmp\/banyan-0)\//)
      expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', home }))
      await query(server.connection, 'create table kept as select 1 as one')
      await expect(startEmbedded({ dataDir })).rejects.toMatchObject({ code: 'store-in-use' })
      await server.stop()

      const again = await start(dataDir)
      expect(await query(again.server.connection, 'select one from kept')).toEqual([{ one: 1 }])
      expect(again.lines.filter(({ level }) => level === 'warn')).toEqual([])
    })

    test('of many starts at once, one makes the folder outside and owns it', async () => {
      const { dataDir } = closedProject()
      const owners = Array.from({ length: 3 }, () => new Owner({ dataDir }))
      const outcomes = await Promise.all(owners.map((owner) => owner.outcome()))
      expect(outcomes.flatMap(({ started }) => started ?? [])).toHaveLength(1)
      expect(outcomes.flatMap(({ failed }) => failed?.code ?? [])).toEqual(['store-in-use', 'store-in-use'])
    })

    test('removing it removes the database outside as well, unless it is in use', async () => {
      const { dataDir } = closedProject()
      const { server } = await start(dataDir)
      const home = pointer(dataDir)
      await expect(removeEmbedded(dataDir)).rejects.toMatchObject({ code: 'store-in-use' })
      await server.stop()
      await removeEmbedded(dataDir)
      await removeEmbedded(dataDir)
      expect([home, dataDir].filter((path) => existsSync(path))).toEqual([])
    })

    test('a copy of the data folder is refused, a moved one is found, a lost database is told', async () => {
      const { project, dataDir } = closedProject()
      const { server } = await start(dataDir)
      await server.stop()
      const home = pointer(dataDir)
      const copy = join(project, 'copy')
      cpSync(dataDir, copy, { recursive: true })
      await expect(startEmbedded({ dataDir: copy })).rejects.toMatchObject({
        code: 'store-folder-unusable',
        message: expect.stringContaining(`it is a copy of ${dataDir}`),
      })
      rmSync(copy, { recursive: true })
      const moved = join(project, 'moved')
      renameSync(dataDir, moved)
      await (await start(moved)).server.stop()
      rmSync(home, { recursive: true })
      await expect(startEmbedded({ dataDir: moved })).rejects.toMatchObject({
        code: 'store-folder-unusable',
        message: expect.stringContaining('is gone; remove location.json'),
      })
    })

    test('an existing database that cannot be reached any more is an error, not an empty one', async () => {
      const project = temporaryFolder()
      const dataDir = join(project, 'data')
      const { server } = await start(dataDir)
      await server.stop()
      chmodSync(project, 0o700)
      await expect(startEmbedded({ dataDir })).rejects.toMatchObject({ code: 'store-folder-unusable' })
      expect(existsSync(join(dataDir, 'location.json'))).toBe(false)
    })
  })
})

describe.skipIf(!asRoot)('started by a user (needs root, to become another)', () => {
  function folderOfNobody(): string {
    const folder = temporaryFolder()
    chownSync(folder, nobody.uid, nobody.gid)
    return folder
  }

  test('it runs as that user, and survives kill -9 of its owner', async () => {
    const dataDir = join(folderOfNobody(), 'data')
    const first = new Owner({ dataDir }, nobody)
    const { pid, connection } = await first.started()
    expect(processOwner(pid)).toBe(nobody.uid)
    await query(connection, 'create table kept as select 1 as one')
    await first.kill()
    const second = new Owner({ dataDir }, nobody)
    expect(await second.started()).toMatchObject({ pid, adopted: true })
  })

  test('a user id without a name, as containers may give, is told what PostgreSQL asks for', async () => {
    const user = { uid: 54321, gid: 54321 }
    const folder = temporaryFolder()
    chownSync(folder, user.uid, user.gid)
    expect((await new Owner({ dataDir: join(folder, 'data') }, user).outcome()).failed).toMatchObject({
      code: 'store-start-failed',
      message: expect.stringContaining('user id 54321 has no entry in /etc/passwd'),
    })
  })

  test('a folder that it cannot write, or whose database is of somebody else, is refused', async () => {
    const closed = join(temporaryFolder(), 'data')
    expect((await new Owner({ dataDir: closed }, nobody).outcome()).failed).toMatchObject({
      code: 'store-folder-unusable',
      message: expect.stringContaining('permission denied'),
    })
    const folder = folderOfNobody()
    const dataDir = join(folder, 'data')
    mkdirSync(join(dataDir, 'cluster'), { recursive: true })
    chownSync(dataDir, nobody.uid, nobody.gid)
    expect((await new Owner({ dataDir }, nobody).outcome()).failed).toMatchObject({
      code: 'store-folder-unusable',
      message: expect.stringContaining('belongs to user id 0'),
    })
  })
})

describe("PostgreSQL's programs", () => {
  /** The package as npm installs it with scripts off: without links. */
  function freshPackage(folder: string) {
    const native = findNativePackage()
    const copy = join(folder, 'package', 'native')
    cpSync(native.folder, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !isLink(path) })
    return { ...native, folder: copy, packageVersion: `test-${process.pid}-${folder.slice(-6)}` }
  }
  const isLink = (path: string) => {
    try {
      readlinkSync(path)
      return true
    } catch {
      return false // a file or a folder
    }
  }
  const versionOf = (folder: string) =>
    spawnSync(join(folder, 'bin', 'postgres'), ['--version'], { encoding: 'utf8', ...(asRoot ? nobody : {}) }).stdout

  test('run where they were installed, once their library links are made', async () => {
    const native = freshPackage(temporaryFolder())
    expect(versionOf(native.folder)).toBe('')
    const user = chooseServerUser('/', '/none')
    if (user === undefined) throw new Error('There is no user to run as')
    expect(await nativeFiles(native, user, () => undefined)).toBe(native.folder)
    expect(versionOf(native.folder)).toMatch(/PostgreSQL\) 18\.4/)
  })

  test.skipIf(!asRoot)('are copied once when root starts them from a closed folder (needs root)', async () => {
    const folder = temporaryFolder()
    const native = freshPackage(folder)
    chmodSync(folder, 0o700)
    const user = chooseServerUser('/', '/none')
    if (user === undefined) throw new Error('There is no user to run as')
    const lines: EmbeddedLogLine[] = []
    const copies = await Promise.all([1, 2].map(() => nativeFiles(native, user, (line) => lines.push(line))))
    const copy = copies[0] ?? ''
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
    expect(copies).toEqual([copy, copy])
    expect(lines.map(({ message }) => message)).toContainEqual(expect.stringContaining(`cannot reach it`))
    expect(versionOf(copy)).toMatch(/PostgreSQL\) 18\.4/)
    expect(readdirSync(join(copy, '..')).filter((name) => name.includes(native.packageVersion))).toHaveLength(1)

    lines.length = 0
    expect(await nativeFiles(native, user, (line) => lines.push(line))).toBe(copy)
    expect(lines).toEqual([])
    truncateSync(join(copy, 'lib', 'libpq.so.5.18')) // as a power cut may leave it
    expect(await nativeFiles(native, user, (line) => lines.push(line))).toBe(copy)
    expect(lines).toHaveLength(1)
    expect(versionOf(copy)).toMatch(/PostgreSQL\) 18\.4/)
  })

  test.skipIf(!asRoot)('are copied when a user cannot make the links (needs root, to become another)', async () => {
    const folder = temporaryFolder()
    const native = freshPackage(folder)
    const cache = join(folder, 'cache')
    mkdirSync(cache)
    chownSync(cache, nobody.uid, nobody.gid)
    const { output } = await runScript('native-process.ts', [JSON.stringify(native)], nobody, { XDG_CACHE_HOME: cache })
    expect(output.startsWith(cache)).toBe(true)
    expect(versionOf(output)).toMatch(/PostgreSQL\) 18\.4/)
    await until(() => readdirSync(join(cache, 'banyan')).length === 1)
  })
})
