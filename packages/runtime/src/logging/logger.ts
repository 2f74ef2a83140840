import { type DestinationStream, type LevelWithSilent, type Logger as PinoLogger, pino } from 'pino'

/** A structured logger: an object of fields first, then the message. */
export type Logger = PinoLogger

/**
 * The logger of a process: JSON lines (pino), with secrets blanked wherever they are usually found.
 * @param options.level default `info`
 */
export function createLogger(options: { level?: LevelWithSilent; destination?: DestinationStream } = {}): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'password',
        '*.password',
        'authorization',
        '*.authorization',
        '*.cookie',
        'headers["set-cookie"]',
        'secret',
        '*.secret',
        'token',
        '*.token',
      ],
      censor: '[secret]',
    },
  }
  return options.destination ? pino(settings, options.destination) : pino(settings)
}
