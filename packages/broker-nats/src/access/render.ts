/** A part of a configuration of nats-server: its text form is close to JSON, with comments. */
export type Setting = string | number | boolean | readonly Setting[] | Section

export interface Section {
  readonly [name: string]: Setting
}

/** The text of a configuration. Texts are always quoted, so that `$` and dashes mean themselves. */
export function renderSection(section: Section, indent = ''): string {
  return Object.entries(section)
    .map(([name, value]) => `${indent}${keyText(name)}${isSection(value) ? '' : ':'} ${settingText(value, indent)}`)
    .join('\n')
}

function settingText(value: Setting, indent: string): string {
  if (typeof value === 'string') return quoted(value)
  if (isList(value)) {
    if (value.length === 0) return '[]'
    const items = value.map((item) => `${indent}  ${isSection(item) ? inlineText(item) : settingText(item, indent)}`)
    return `[\n${items.join('\n')}\n${indent}]`
  }
  if (!isSection(value)) return String(value)
  return Object.keys(value).length === 0 ? '{}' : `{\n${renderSection(value, `${indent}  `)}\n${indent}}`
}

/** An entry of a list on one line. */
function inlineText(section: Section): string {
  const parts = Object.entries(section).map(([name, value]) => `${keyText(name)}: ${inlineSetting(value)}`)
  return `{ ${parts.join(', ')} }`
}

function inlineSetting(value: Setting): string {
  if (isList(value)) return `[${value.map(inlineSetting).join(', ')}]`
  if (isSection(value)) return inlineText(value)
  return typeof value === 'string' ? quoted(value) : String(value)
}

const keyText = (name: string): string => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : quoted(name))

function quoted(text: string): string {
  // Names and subjects hold none of these; a path may, and nothing may end its quotes early.
  if (/["\n\r]/.test(text)) throw new RangeError(`${JSON.stringify(text)} cannot stand in a configuration of nats-server`)
  return `"${text.replaceAll('\\', '\\\\')}"`
}

const isList = (value: Setting): value is readonly Setting[] => Array.isArray(value)
const isSection = (value: Setting): value is Section => typeof value === 'object' && !isList(value)
