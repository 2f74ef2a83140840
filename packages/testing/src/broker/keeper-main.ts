import { type KeeperReport, keepBroker } from './keeper.js'

/** The keeper as a process of its own. Arguments: folder, program of the server, grace in milliseconds. */
const [folder = '', binary = '', graceMs = ''] = process.argv.slice(2)
const tell = (report: KeeperReport): void => {
  // Who started it may have ended meanwhile.
  if (process.connected) process.send?.(report, () => process.connected && process.disconnect())
}

try {
  await keepBroker({ folder, binary, graceMs: Number(graceMs) }, () => tell({ ready: true }))
} catch (error) {
  tell({ failed: error instanceof Error ? error.message : String(error) })
  process.exitCode = 1
}
