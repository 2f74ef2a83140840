export interface ReadmeOptions {
  readonly installed: string
  readonly services: readonly string[]
  readonly withTls: boolean
}

/** What each file is and what to do with it, for the person who deploys. */
export function readme({ installed, services, withTls }: ReadmeOptions): string {
  const [example = 'orders'] = services
  return `Written by \`banyan access emit\`. All of it follows from contracts and topology: emit again instead of editing.
\`banyan access explain\` says who may do what, and why.

keyring.json        Secrets of all services. Keep it: it is made once, and read by the next emit. No process needs it.
nats.conf           The NATS server: accounts, users (public keys), permissions. No secrets.
roles.sql           Roles, schemas and Banyan's own tables in PostgreSQL. Verifiers of passwords, no passwords.
services/NAME.env   The environment of a process of the service NAME. Secret; for that service alone.
deploy.env          For who deploys: makes streams and runs migrations. Secret.
observer.env        For \`banyan services\`. Secret, but lets nobody do more than look.
${withTls ? tlsFiles : ''}
Apply, in this order

1. Database, as a role with CREATEROLE, and CREATE on the database; again with every release:
     psql "$ADMIN_URL" -v ON_ERROR_STOP=1 -f ${installed}/roles.sql
   Then the migrations, with BANYAN_STORE_SECRET of deploy.env in the environment:
     DATABASE_URL="$ADMIN_URL" banyan db migrate
2. NATS:
     nats-server -t -c ${installed}/nats.conf       looks whether it is valid
     nats-server -c ${installed}/nats.conf          starts it
     nats-server --signal reload                    a running one takes the new file; what it still allows stays connected
   Then the streams, with NATS_URL and BANYAN_NATS_DEPLOY_SEEDS of deploy.env in the environment; again with every release:
     banyan services streams
3. Services, for example
     docker run --env-file services/${example}.env IMAGE banyan serve ${example}

Replace keys, without an outage

1. banyan access emit --rotate SERVICE (or all). The server takes the old and the new key from now on: reload it.
2. Replace the processes of the service, one after the other, with its new environment.
3. banyan access emit --finish, and reload the server: old keys are refused, and who still has one is cut off.
${withTls ? tlsSteps : ''}`
}

const tlsFiles = `tls/ca.pem          Whom everybody trusts. No secret.
tls/nats-server.*   Certificate and private key of the NATS server.
tls/NAME.*          Certificate and private key of the service NAME, for that service alone.
tls/authority.json  The private key that issues certificates. Keep it, and give it to nobody.
`

const tlsSteps = `
Replace certificates

Certificates are good for 90 days. Emit issues those again that have less than a third of that left; --renew issues all.
Reload the server, and replace the processes: they read their certificate when they start.

Replace the authority, without an outage: after each step, reload the server and replace all processes.
1. banyan access emit --rotate authority      the next authority is trusted
2. banyan access emit --rotate authority      it issues all certificates
3. banyan access emit --finish                the last one is trusted no more
`
