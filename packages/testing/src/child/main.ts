import { errorData, isBanyanError } from '@banyan/errors'
import { type App, modulesOf } from '@banyan/module'
import { ChildSideService, type Say } from './child-service.js'
import { loadTestedApp } from './load-app.js'
import type { AppPlace, Question, ServiceTask } from './messages.js'

const say: Say = (message, sent) => {
  // Whoever listens may have ended; this process follows at once.
  if (process.connected) process.send?.(message, () => sent?.())
}

/**
 * A process that is a service of one test after the other. It loads the app once, which is most of what a start takes, and
 * ends with the process that started it.
 */
class Child {
  #app: App | undefined
  #service: ChildSideService | undefined

  async answer({ name, given }: Question): Promise<unknown> {
    if (name === 'load') {
      this.#app = await loadTestedApp(given as AppPlace)
      return modulesOf(this.#app).map((module) => ({ name: module.name, version: module.contract.version }))
    }
    if (name === 'begin') {
      if (!this.#app) throw new Error('Asked to begin without an app')
      this.#service = await ChildSideService.begin(this.#app, given as ServiceTask, say)
      return this.#service.process.instance
    }
    if (!this.#service) throw new Error(`Asked for ${name} before it began`)
    return this.#service.answers[name](given as never)
  }
}

const child = new Child()
process.on('message', (question: Question) => {
  const { serial } = question
  child.answer(question).then(
    (value) => say({ answer: serial, value }),
    (error: unknown) => say({ answer: serial, error: isBanyanError(error) ? errorData(error) : textOf(error) }),
  )
})
process.once('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole group; who stops what, and when, is the parent's to say.
process.on('SIGINT', () => undefined)

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
