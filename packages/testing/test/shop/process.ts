import { orders } from './contracts.js'
import { openShop, order } from './open.js'

/** A test of the shop in a process of its own, as another worker of a run: prints what it found, and ends by itself. */
const t = await openShop()
await t.call(orders).place(order)
await t.settled()
console.log(t.events(orders).placed.length)
await t.stop()
