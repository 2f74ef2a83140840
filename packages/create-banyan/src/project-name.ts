const pattern = /^[a-z][a-z0-9-]*$/
const maximumLength = 40

/** Why a name cannot be that of a project; undefined when it can. It names the package and the app. */
export function nameProblem(name: string): string | undefined {
  if (name.length > maximumLength) return `A name has at most ${maximumLength} characters.`
  return pattern.test(name) ? undefined : 'A name has small letters, digits and hyphens, and begins with a letter.'
}

/** The name of the app: `tea-shop` is `teaShop`, because it stands in front of names in the database. */
export function appName(name: string): string {
  return name.replace(/-+([a-z0-9]?)/g, (_, letter: string) => letter.toUpperCase())
}

/** A good name made from that of a folder. */
export function projectName(folderName: string): string {
  const name = folderName
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, maximumLength)
    .replace(/-+$/, '')
  return name === '' ? 'my-banyan-app' : name
}
