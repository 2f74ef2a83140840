import { type CatalogueEntry, entry } from './entry.js'

/** Errors of the broker, and services of an app. */
export const servicesErrors = {
  'broker-missing': entry(
    500,
    false,
    'No NATS server was found: {where}',
    'Services talk through NATS. No npm package carries the server, and Banyan downloads nothing by itself.',
    'Install nats-server 2.11.16 or later (https://nats.io/download, `brew install nats-server`, `apt-get install nats-server`) or set NATS_SERVER_BIN to it; or set NATS_URL to a server that runs already.',
  ),
  'access-keys-damaged': entry(
    500,
    false,
    '{file} cannot be read as what `banyan access emit` wrote',
    'The file was edited or cut off. New secrets in its place would shut out every process that runs with the old ones.',
    'Restore the file from a backup; or remove it, emit again, and replace every process.',
  ),
  'access-outdated': entry(
    409,
    false,
    'What was emitted into {folder} is not for this topology: it has no key for {without}',
    'The topology grew since `banyan access emit`; the NATS server does not know who came, and would let nobody of them in.',
    'Run `banyan access emit`, reload the NATS server, and start again.',
  ),
  'access-rotation-open': entry(
    409,
    false,
    'A rotation of {what} is under way already',
    'Another one would shut out processes that still run with the secrets before.',
    'Replace those processes, then finish it with `banyan access emit --finish`.',
  ),
  'broker-start-failed': entry(
    500,
    true,
    'The NATS server did not start: {summary}',
    'The server ended during its start, or refused its configuration; the end of its log is in the details.',
    'Read the lines of the log: a port that is taken and a folder that cannot be written are the usual causes.',
  ),
  'broker-unreachable': entry(
    503,
    true,
    'The NATS server at {target} cannot be reached: {summary}',
    'Wrong address, wrong credentials or certificates, or the server does not run.',
    'Check NATS_URL and that the server runs; credentials are written by `banyan access emit`.',
  ),
  'unknown-service': entry(
    404,
    false,
    'There is no service {service}; there are {known}',
    'The topology in the configuration names no such service.',
    'Correct the name, or add the service under `services` of the configuration.',
  ),
  'service-busy': entry(
    409,
    true,
    'Service {service} is being changed already',
    'One replacement or change of the number of processes runs at a time, and none while everything stops.',
    'Wait until it has ended, then try again.',
  ),
  'replacement-failed': entry(
    500,
    true,
    'The new process of {replica} did not become ready: {summary}',
    'The process ended, or took too long to start. The one that it was to replace goes on.',
    'Look at its log, correct what it says, and replace again.',
  ),
  'up-running': entry(
    409,
    false,
    'The services of this folder run already, under process {pid}',
    'One `banyan up` at a time owns the database, the broker and the processes of a folder.',
    'Stop it first (Ctrl-C in its terminal), or use `banyan services` beside it.',
  ),
  'up-not-running': entry(
    409,
    true,
    'No `banyan up` runs in this folder',
    'Processes are replaced and counted by the `banyan up` that started them; in containers, that is for their platform.',
    'Start it with `banyan up`, or go to the folder in which it runs.',
  ),
} as const satisfies Record<string, CatalogueEntry>
