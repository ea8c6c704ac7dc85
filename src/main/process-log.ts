/** The log of a process: one JSON object a line on standard error. */

import { pino, type Logger } from 'pino'
import type { Log, LogFields } from '#base/log.ts'

/** `level` as pino names them: debug, info, warn, error. Control characters in values are escaped, since every line is JSON. */
export function processLog(component: string, level: string): Log {
  return wrap(
    pino(
      { level, base: { component }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
      pino.destination({ fd: 2, sync: true }),
    ),
  )
}

function wrap(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    with: (fields: LogFields) => wrap(logger.child(fields)),
  }
}
