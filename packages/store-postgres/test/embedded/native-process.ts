/** Makes a package of programs usable for the user that this process runs as, and prints where it is. */
import { nativeFiles } from '../../src/embedded/native-files.js'
import { chooseServerUser } from '../../src/embedded/server-user.js'

const native = JSON.parse(process.argv[2] ?? '{}')
const user = chooseServerUser('/', '/none')
if (user === undefined) throw new Error('There is no user')
process.stdout.write(await nativeFiles(native, user, () => undefined))
