import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { afterAll, expect, test } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { locateNatsServer, startNatsServer } from '../../src/index.js'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'bn-'))
  folders.push(made)
  return made
}
const folders: string[] = []
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true })
})

test('a machine without the server says how to get one', async () => {
  await expect(locateNatsServer({ PATH: '/nowhere' })).rejects.toMatchObject({ code: 'broker-missing' })
  await expect(locateNatsServer({ PATH: '/nowhere' })).rejects.toThrow(/NATS_SERVER_BIN/)
  await expect(locateNatsServer({ NATS_SERVER_BIN: '/nowhere/nats' })).rejects.toThrow(/\/nowhere\/nats/)
})

withNats.describe('a local NATS server', () => {
  test('listens on loopback with JetStream, keeps its port over a crash, and its configuration to its owner', async () => {
    const home = folder()
    const server = await startNatsServer({ folder: home, config: 'max_payload: 2MB' })
    try {
      expect(server.url).toBe(`nats://127.0.0.1:${server.port}`)
      const first = await connect({ servers: server.url })
      expect(first.info).toMatchObject({ jetstream: true, max_payload: 2 * 1024 * 1024, host: '127.0.0.1' })
      await first.close()
      expect(statSync(join(home, 'nats.conf')).mode & 0o777).toBe(0o600)
      const { port, pid } = server
      await server.kill()
      expect(() => process.kill(pid, 0)).toThrow()
      await server.restart()
      expect(server.port).toBe(port)
      expect(server.pid).not.toBe(pid)
      const again = await connect({ servers: server.url })
      await again.close()
    } finally {
      await server.stop()
    }
  })

  test('takes another configuration while it runs, and refuses a wrong one by name', async () => {
    const server = await startNatsServer({ folder: folder() })
    try {
      const open = await connect({ servers: server.url })
      await server.reload('authorization { user: u, password: p }')
      await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow(/[Aa]uthori/)
      await open.close()
      await expect(server.reload('accounts: {')).rejects.toMatchObject({ code: 'broker-start-failed' })
    } finally {
      await server.stop()
    }
  })

  test('ends what a killed owner left behind before it uses the store, also where there is no ps', async () => {
    const home = folder()
    const left = await startNatsServer({ folder: home })
    const path = process.env.PATH
    if (existsSync('/proc/self/cmdline')) process.env.PATH = home
    const next = await startNatsServer({ folder: home }).finally(() => {
      process.env.PATH = path
    })
    try {
      expect(() => process.kill(left.pid, 0)).toThrow()
      expect(next.pid).not.toBe(left.pid)
    } finally {
      await left.stop()
      await next.stop()
    }
  })

  test('leaves no number of a process behind that another program may get', async () => {
    const home = folder()
    const pids: number[] = []
    const server = await startNatsServer({ folder: home, onProcess: (pid) => pids.push(pid) })
    expect(Number(readFileSync(join(home, 'nats.pid'), 'utf8'))).toBe(server.pid)
    expect(pids).toEqual([server.pid])
    await server.stop()
    expect(existsSync(join(home, 'nats.pid'))).toBe(false)
  })

  test('says why it does not start, and when it ends by itself', async () => {
    await expect(startNatsServer({ folder: folder(), config: 'nonsense {' })).rejects.toMatchObject({
      code: 'broker-start-failed',
      message: expect.stringContaining('Parse error'),
    })
    const told = await new Promise<string>((resolve, reject) => {
      startNatsServer({ folder: folder(), onExit: resolve })
        .then((server) => process.kill(server.pid, 'SIGKILL'))
        .catch(reject)
    })
    expect(told).toContain('SIGKILL')
  })
})
