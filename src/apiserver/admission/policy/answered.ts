/** Evaluates what may ask the authorizer: again after each answer that took time. */

import { AnswerPending } from '#cel/library/authorizer.ts'

/** `evaluate` has no effects, as it may run several times. */
export async function answered<T>(evaluate: () => T): Promise<T> {
  for (;;)
    try {
      return evaluate()
    } catch (error) {
      if (!(error instanceof AnswerPending)) throw error
      await error.answer
    }
}
