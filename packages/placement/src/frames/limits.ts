/** What a message may hold; who reads one believes none of the numbers in it. */
export const frameLimits = {
  /** A message beyond this is not looked at: the default of a NATS server for its largest message is less. */
  messageBytes: 8_388_608,
  /** Calls, or replies, in one message. */
  items: 256,
  /** Calls, or replies, with which a message leaves before the tick ends. */
  batch: 8,
  /** Depth is bounded by the codecs of contracts; the longest short text (ids, names). */
  shortBytes: 255,
}
