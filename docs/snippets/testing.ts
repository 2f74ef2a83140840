import { type TestAppOptions, testApp } from 'banyan/testing'
import { theatre } from './app.js'

const folder = import.meta.dirname

// #region open
export const openTheatre = (options: TestAppOptions<'seats' | 'bookings' | 'letters' | 'printer'> = {}) =>
  testApp(theatre, {
    baseFolder: folder,
    environment: { PRINTER_KEY: 'never-printed' },
    as: { subject: 'ada', permissions: ['booking:write'] },
    ...options,
  })
// #endregion
