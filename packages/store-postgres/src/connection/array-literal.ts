const special = /["\\]/

/** An array of texts as PostgreSQL reads it; quicker than the driver's general way, for long documents. */
export function textArray(values: readonly (string | null)[]): string {
  let array = '{'
  for (const [index, value] of values.entries()) {
    if (index > 0) array += ','
    if (value === null) array += 'NULL'
    else array += special.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : `"${value}"`
  }
  return `${array}}`
}

/** An array of numbers as PostgreSQL reads it. */
export function numberArray(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`
}

/** The numbers of an array as PostgreSQL writes it. */
export function readNumbers(literal: string): number[] {
  return literal === '{}' ? [] : literal.slice(1, -1).split(',').map(Number)
}
