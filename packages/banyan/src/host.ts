/** Running apps from code: configuration, database, start and stop. */

export {
  appDatabase,
  type Config,
  checkApp,
  defineConfig,
  diagnose,
  type LoadedApp,
  loadApp,
  type OpenDatabase,
  openDatabase,
  type RunningApp,
  type StartOptions,
  startApp,
} from '@banyan/host'
export { createLogger, type Logger, type Outcome, type Runtime } from '@banyan/runtime'
