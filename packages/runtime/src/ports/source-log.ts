import type { LogStore } from './store.js'

/** The log of a source as its subscribers read it, wherever the source runs. */
export type SourceLog = Pick<LogStore, 'heads' | 'read' | 'positionsBefore' | 'register'>
