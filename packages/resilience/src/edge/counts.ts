/** What happened on an edge since the process started. */
export class EdgeCounts {
  calls = 0
  /** Calls that ended with a value or a declared error. */
  answered = 0
  /** Calls that ended with an error of infrastructure. */
  failed = 0
  retries = 0
  /** Repetitions that the budget did not allow. */
  retriesRefused = 0
  /** Attempts that the timeout of the edge ended. */
  timeouts = 0
  hedges = 0
  /** Hedges whose answer came first. */
  hedgesWon = 0
  fallbacks = 0
  refusedByBreaker = 0
  refusedByBulkhead = 0
  opened = 0
}
