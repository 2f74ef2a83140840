const lanesPerBlock = 8

/** The subjects of one module's events, and those under which a service reaches its stream (docs/decisions/0019). */
export interface EventSubjects {
  readonly stream: string
  readonly info: string
  readonly get: string
  readonly purge: string
  readonly direct: string
  /** Between processes that host the module: one of them appended. */
  readonly bell: string
  /** What is stored in a lane. */
  stored(lane: number): string
  /** What a block hears as it is stored. */
  live(block: number): string
}

/**
 * @param accounts whether services have accounts of their own, which import what they may reach under names of the app;
 *   else the broker has one account, and JetStream is reached directly
 */
export function eventSubjects(app: string, module: string, accounts: boolean): EventSubjects {
  const stream = streamName(app, module)
  const reach = (name: string, api: string): string =>
    accounts ? `${app}.stream.${module}.${name}` : `$JS.API.${api}.${stream}`
  return {
    stream,
    info: reach('info', 'STREAM.INFO'),
    get: reach('get', 'STREAM.MSG.GET'),
    purge: reach('purge', 'STREAM.PURGE'),
    direct: reach('direct', 'DIRECT.GET'),
    bell: `${app}.bell.${module}`,
    stored: (lane) => `${app}.event.${module}.${blockOf(lane)}.${lane}`,
    live: (block) => `${app}.live.${module}.${block}.*`,
  }
}

export function streamName(app: string, module: string): string {
  return `${app}-${module}`
}

function blockOf(lane: number): number {
  return Math.floor(lane / lanesPerBlock)
}
