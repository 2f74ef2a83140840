// One process of a service. BANYAN_TEST_SKEW_MS sets its wall clock off.
import { createAmbient } from '@banyan/ambient'
import { loadApp, startService } from '@banyan/host'

const [folder, service] = process.argv.slice(2) as [string, string]
const skewMs = Number(process.env.BANYAN_TEST_SKEW_MS ?? 0)
const clock = createAmbient()

const loaded = await loadApp({ folder })
// Whoever starts it hears of its readiness, and its end is the end of this.
process.once('disconnect', () => process.exit(0))
const running = await startService({
  loaded,
  service,
  environment: process.env,
  ambient: createAmbient({ now: () => clock.now() + skewMs }),
})
process.once('SIGTERM', () => {
  void running.stop().then(() => process.exit(0))
})
process.send?.({ ready: true })
