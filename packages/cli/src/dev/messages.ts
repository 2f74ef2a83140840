/** What `banyan dev` tells the process that is to be the app next; `load` comes before `start`. */
export type ToApp = 'load' | 'start'

/** What that process tells: it listens. */
export interface FromApp {
  readonly ready: {
    /** For people: where everything is. */
    readonly text: string
  }
}
