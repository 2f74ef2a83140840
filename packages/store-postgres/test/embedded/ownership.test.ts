import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { attachEmbedded, startEmbedded } from '@banyan/store-postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Owner, preparedDatabase, temporaryFolder } from './support.js'

describe('a data folder has one owner', () => {
  test('a second start in the same process is refused', async () => {
    const dataDir = await preparedDatabase()
    const server = await startEmbedded({ dataDir })
    onTestFinished(() => server.stop())
    await expect(startEmbedded({ dataDir })).rejects.toMatchObject({
      code: 'store-in-use',
      message: `The data folder ${dataDir} is in use by process ${process.pid} (this one)`,
    })
    await server.stop()
    const again = await startEmbedded({ dataDir })
    await again.stop()
  })

  test('a start while another process owns it is refused and names that process', async () => {
    const dataDir = await preparedDatabase()
    const owner = new Owner({ dataDir })
    await owner.started()
    await expect(startEmbedded({ dataDir })).rejects.toMatchObject({
      code: 'store-in-use',
      details: { pid: owner.pid },
    })
    owner.send('stop')
    await owner.tells(({ closed }) => closed)
    const server = await startEmbedded({ dataDir })
    await server.stop()
  })

  test('of many starts at once, fresh and after kill -9, exactly one wins', async () => {
    const dataDir = join(temporaryFolder(), 'data')
    for (let round = 0; round < 2; round++) {
      const owners = Array.from({ length: 4 }, () => new Owner({ dataDir }))
      const outcomes = await Promise.all(owners.map((owner) => owner.outcome()))
      const winner = owners[outcomes.findIndex(({ started }) => started)]
      expect(outcomes.flatMap(({ started }) => started ?? [])).toHaveLength(1)
      expect(outcomes.flatMap(({ failed }) => failed?.code ?? [])).toEqual(Array(3).fill('store-in-use'))
      expect(outcomes.flatMap(({ started }) => started?.adopted ?? [])).toEqual([round > 0])
      expect(outcomes.flatMap(({ failed }) => failed?.details?.pid ?? [])).toEqual(Array(3).fill(winner?.pid))
      await winner?.kill()
    }
  })

  test('a guest reaches the server that another process owns, and makes nothing where there is none', async () => {
    const dataDir = await preparedDatabase()
    expect(attachEmbedded(dataDir)).toBeUndefined()
    expect(attachEmbedded(`${dataDir}-absent`)).toBeUndefined()
    expect(existsSync(`${dataDir}-absent`)).toBe(false)
    const owner = new Owner({ dataDir })
    const { connection } = await owner.started()
    expect(attachEmbedded(dataDir)).toEqual(connection)
  })
})
