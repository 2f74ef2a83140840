import { problemsError } from '@banyan/errors'

const forms = {
  NATS_URL: 'nats://host:4222, or several with commas between them',
  DATABASE_URL: 'postgresql://user:password@host:5432/database',
} as const

/** The servers that NATS_URL names. @throws `invalid-config` */
export function natsServers(given: string | undefined): readonly [URL, ...URL[]] {
  const texts = (given || 'nats://127.0.0.1:4222').split(',').map((text) => text.trim())
  const [first, ...more] = texts.map((text) => parsed('NATS_URL', text.includes('://') ? text : `nats://${text}`))
  return [first as URL, ...more]
}

/** NATS_URL as a process is told it. */
export function natsUrl(given: string | undefined, tls: boolean): string {
  const url = given || 'nats://127.0.0.1:4222'
  if (!tls) return url
  return url
    .split(',')
    .map((text) => text.trim().replace(/^nats:/, 'tls:'))
    .join(',')
}

/** Names and addresses of servers, as certificates hold them. */
export const hostsOf = (servers: readonly URL[]): string[] =>
  servers.map(({ hostname }) => hostname.replace(/^\[(.*)\]$/, '$1'))

// Who logs in, and with what: PostgreSQL takes them as parameters too.
const ofUser = ['user', 'password', 'passfile', 'sslpassword']

/** DATABASE_URL without who logs in: the admin of the database is nobody's affair but of who deploys. @throws `invalid-config` */
export function withoutUser(text: string): string {
  // An empty host after a user is the socket of the parameters to PostgreSQL, and no URL to the standard.
  const url = parsed('DATABASE_URL', URL.canParse(text) ? text : text.replace('@/', '@localhost/'))
  url.username = ''
  url.password = ''
  for (const name of ofUser) url.searchParams.delete(name)
  return url.href
}

/** The text is not repeated: it may hold a password. */
function parsed(where: keyof typeof forms, text: string): URL {
  if (URL.canParse(text)) return new URL(text)
  throw problemsError('invalid-config', {}, [
    {
      who: 'environment',
      where,
      what: 'is not the address of a server',
      allowed: forms[where],
      remedy: 'correct the variable',
    },
  ])
}
