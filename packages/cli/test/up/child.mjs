// A stand-in for a service, or for the broker: says that it is ready, and ends as it was told to.
import { appendFileSync } from 'node:fs'

const [name, mode, journal] = process.argv.slice(2)
const note = (what) => appendFileSync(journal, `${name} ${what}\n`)

note('began')
if (mode === 'crash') process.exit(7)
if (mode === 'stubborn' || mode === 'hung') process.on('SIGTERM', () => note('ignored SIGTERM'))
else
  process.on('SIGTERM', () => {
    note('ended')
    process.exit(0)
  })
process.on('SIGINT', () => undefined)
// One that hangs does not notice that its supervisor is gone.
if (mode !== 'hung' && mode !== 'broker')
  process.on('disconnect', () => {
    note('was left alone')
    process.exit(0)
  })
if (process.send && mode !== 'never-ready') process.send({ ready: true })
console.log(`${name} says hello`)
setInterval(() => undefined, 1_000)
