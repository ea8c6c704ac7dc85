/** The log of a process: one JSON object a line on standard error. */

import { pino, type DestinationStream, type Logger } from 'pino'
import type { Log, LogFields } from '#base/log.ts'

/** `level` as pino names them: debug, info, warn, error. Control characters in values are escaped, since every line is JSON. */
export function processLog(component: string, level: string, to: DestinationStream = pino.destination({ fd: 2, sync: true })): Log {
  return wrap(
    pino(
      {
        level,
        base: { component },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { error: pino.stdSerializers.err }, // an Error has no fields of its own to show
      },
      to,
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
