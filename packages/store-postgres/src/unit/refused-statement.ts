const transactionControl =
  /^\s*(?:begin|commit|end|abort|start\s+transaction|prepare\s+transaction|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b/i

/** A handler does not end the transaction it runs in: its events, its outcome and its effect commit together (I2 of the port). */
export function refuseTransactionControl(text: string): void {
  const found = transactionControl.exec(text)
  if (found) throw new Error(`${found[0].trim()} is not for handlers: the unit of work begins and ends by itself`)
}
