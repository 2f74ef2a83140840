import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { expect, onTestFinished } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { OwnedBroker } from '../../src/up/broker.js'

withNats.test('a broker that ends again and again is never away for long', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'broker-'))
  const real = createAmbient()
  const delays: number[] = []
  // Waits are noted instead of waited.
  const after = (delayMs: number, run: () => void): (() => void) => {
    delays.push(delayMs)
    return real.after(0, run)
  }
  const pids: number[] = []
  let runsAgain = (): void => undefined
  const broker = await OwnedBroker.start({
    folder,
    config: '',
    ambient: { ...real, after },
    onProcess: (pid) => pids.push(pid),
    onTrouble: (line) => {
      if (line === 'the NATS server runs again') runsAgain()
    },
  })
  onTestFinished(async () => {
    await broker.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const { url } = broker
  for (let kills = 1; kills <= 8; kills++) {
    const again = new Promise<void>((done) => {
      runsAgain = done
    })
    process.kill(pids.at(-1) as number, 'SIGKILL')
    await again
    expect(broker.url).toBe(url)
  }
  expect(new Set(pids).size).toBe(9)
  expect(delays).toHaveLength(8)
  expect(Math.max(...delays)).toBeLessThanOrEqual(2_000)
})
