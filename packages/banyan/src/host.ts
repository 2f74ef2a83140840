/** Running apps from code: configuration, database, start and stop. */
export { createLogger, type Logger, type Outcome, type Runtime } from '@banyan/runtime'
export {
  appDatabase,
  checkApp,
  type Config,
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
