import { type CatalogueEntry, entry } from './entry.js'

/** Errors of the gateway and the command line. */
export const edgesErrors = {
  'port-in-use': entry(
    500,
    false,
    'Port {port} on {host} is taken',
    'Another process listens there.',
    'Stop it, or choose another port with PORT or gateway.port.',
  ),
  'invalid-request': entry(
    400,
    false,
    'The request cannot be read: {summary}',
    'The body, a header or the query string is malformed.',
    'Correct the request.',
  ),
  'method-not-allowed': entry(
    405,
    false,
    '{path} does not take {method}, but {allow}',
    'The path exists, with other methods.',
    'Use a method that the Allow header names.',
  ),
  'request-timeout': entry(
    408,
    true,
    'The request did not arrive in time',
    'The client, or the network before it, sent headers or body too slowly.',
    'Send it again; raise gateway.limits for large uploads over slow networks.',
  ),
  'uri-too-long': entry(
    414,
    false,
    'The path and query string are longer than {limitBytes} bytes',
    'The gateway bounds what it reads.',
    'Send less in the query string, or use an operation that takes a body.',
  ),
  'headers-too-large': entry(
    431,
    false,
    'The request has more than {limit}',
    'The gateway bounds what it reads; large cookies are the usual reason.',
    'Send fewer or smaller headers.',
  ),
  'unsupported-media-type': entry(
    415,
    false,
    'The content type {type} is not accepted here',
    'Operations take application/json.',
    'Send application/json.',
  ),
  'invalid-idempotency-key': entry(
    400,
    false,
    'The Idempotency-Key is not valid: {summary}',
    'It is a quoted string of 1 to 255 visible characters (draft-ietf-httpapi-idempotency-key-header).',
    'Send one such key, for example a UUID.',
  ),
  'unknown-command': entry(
    500,
    false,
    '{summary}',
    'The command line names something that does not exist.',
    'See `banyan --help`.',
  ),
} as const satisfies Record<string, CatalogueEntry>
