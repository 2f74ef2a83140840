/** Most cards behave; some make the provider time out or answer twice. Which, follows from the number of the invoice. */
export function paymentMethodOf(invoice: string): 'card' | 'card-timeout' | 'card-twice' {
  const last = Number(invoice.slice(-2))
  if (last === 7) return 'card-timeout'
  return last % 10 === 3 ? 'card-twice' : 'card'
}
