/**
 * Where a test can stop, delay or kill a command. The first is passed by every command whose handler has ended, the
 * others by those that have something to commit.
 */
export const commandFaultPoints = ['command.after-handler', 'command.before-commit', 'command.after-commit'] as const

export type CommandFaultPoint = (typeof commandFaultPoints)[number]
