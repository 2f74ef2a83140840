/** Upkeep that goes on by real time, also where a test drives the clock of the app, and keeps no process alive. */
export interface Every {
  end(): void
}

export function every(periodMs: number, task: () => void): Every {
  const timer = setInterval(task, periodMs)
  timer.unref()
  return { end: () => clearInterval(timer) }
}

export function once(delayMs: number, task: () => void): Every {
  const timer = setTimeout(task, delayMs)
  timer.unref()
  return { end: () => clearTimeout(timer) }
}
