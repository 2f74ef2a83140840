/**
 * Generated text that lives inside a hand-written file stands between `<!-- name:begin … -->` and `<!-- name:end -->`.
 */
function bounds(text: string, name: string): { start: number; end: number } | undefined {
  const begin = new RegExp(`<!-- ${name}:begin[^>]*-->\\n`).exec(text)
  if (!begin) return undefined
  const start = begin.index + begin[0].length
  const end = text.indexOf(`<!-- ${name}:end -->`, start)
  return end === -1 ? undefined : { start, end }
}

/** The text between the markers; undefined when they are missing. */
export function readBetween(text: string, name: string): string | undefined {
  const at = bounds(text, name)
  return at && text.slice(at.start, at.end)
}

/** The text with what stands between the markers replaced; undefined when they are missing. */
export function writeBetween(text: string, name: string, content: string): string | undefined {
  const at = bounds(text, name)
  return at && text.slice(0, at.start) + content + text.slice(at.end)
}
