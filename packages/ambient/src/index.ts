export { type Ambient, type AmbientSources, createAmbient, issueTime } from './ambient.js'
export { createDrivenClock, createSeededAmbient, type DrivenClock, seededSources } from './seeded.js'
