// #region app
import { defineApp } from 'banyan'
import bookings from './bookings/module.js'
import letters from './letters/module.js'
import printer from './letters/printer.js'
import seats from './seats/module.js'

export const theatre = defineApp({ name: 'theatre', modules: [seats, bookings, letters, printer] })
// #endregion
