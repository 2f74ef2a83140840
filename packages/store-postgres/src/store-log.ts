/** One line of what the store did, for the log of the process. */
export interface StoreLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly [detail: string]: unknown
}

export type StoreLog = (line: StoreLogLine) => void
