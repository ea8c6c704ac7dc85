/** Knows how long an answer goes on that is more than bytes at once: a connection handed through, a log that is followed. */

import type { Answer } from '#apiserver/answer.ts'

/** The same answer, but from its start to its end something that `begin` gives is held. Watches see to that themselves. */
export function whileItGoesOn(answer: Answer, begin: () => Disposable): Answer {
  if (answer.type === 'upgrade')
    return {
      ...answer,
      async connect(client, head) {
        using _going = begin()
        await answer.connect(client, head)
      },
    }
  if (answer.type !== 'bytes' || typeof answer.body === 'string' || answer.body instanceof Uint8Array) return answer
  const { body } = answer
  async function* held() {
    using _going = begin()
    yield* body as AsyncIterable<Uint8Array>
  }
  return { ...answer, body: held() }
}
