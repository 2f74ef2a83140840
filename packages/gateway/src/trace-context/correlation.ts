// One id for all that a request caused; bounded and plain, because it stands in logs, headers and URNs.
const form = /^[A-Za-z0-9][A-Za-z0-9._~:@-]{0,127}$/

/** The `x-correlation-id` of a request if it is usable: 1 to 128 of `A-Z a-z 0-9 . _ ~ : @ -`. */
export function givenCorrelationId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && form.test(header) ? header : undefined
}
