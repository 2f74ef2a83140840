/** Testing an app: real PostgreSQL, a clock that the test drives, crashes where the test wants them. */
export {
  type CallOptions,
  type Crash,
  type CrashOptions,
  type FaultPoint,
  type FaultPointName,
  faultPoints,
  type PublishedEvent,
  type PublishedEvents,
  type StandInHandlers,
  standIn,
  type TestApp,
  type TestAppOptions,
  type TestClock,
  testApp,
} from '@banyan/testing'
