const transactionControl =
  /^\s*(?:begin|commit|end|abort|start\s+transaction|prepare\s+transaction|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b/i
/** What would outlive the unit on a connection that the next one gets. */
const sessionState =
  /^\s*(?:set(?!\s+(?:local|constraints|transaction)\b)|reset|discard|listen|unlisten|prepare|deallocate|load)\b/i

/**
 * Refuses what would end the transaction of a unit (its events, its outcome and its effect commit together, I2 of the
 * port), and what would change the connection for whoever gets it next. For mistakes, not for malice: what a module may
 * do to its own data is PostgreSQL's to decide (P8).
 */
export function refuseStatement(text: string): void {
  const control = transactionControl.exec(text)
  if (control) throw new Error(`${control[0].trim()} is not for handlers: the unit of work begins and ends by itself`)
  const state = sessionState.exec(text)
  if (state) throw new Error(`${state[0].trim()} is not for handlers: connections are shared; use set local`)
}
