/** What a codec throws when its input is not in the format at all: the client's fault, told in upstream's words. */

export class MalformedInput extends Error {
  override readonly name = 'MalformedInput'
}
