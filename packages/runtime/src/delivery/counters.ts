/** What a subscription did since the process started; for /metrics. */
export class SubscriptionCounters {
  handled = 0
  skipped = 0
  batches = 0
  failed = 0
  retried = 0
  parked = 0
  dead = 0
}

/** What the jobs of a module did since the process started. */
export class JobCounters {
  done = 0
  failed = 0
  dead = 0
}

/** What retention removed from a module since the process started. */
export class RetentionCounters {
  inbox = 0
  log = 0
}
