/**
 * Splits an mbox (RFC 4155) into raw messages, chunk by chunk, in bounded memory.
 *
 * A message begins at a line `From <sender> <date>` that is the first of the file or follows an
 * empty line. Lines of a message that would look the same are quoted with `>`, any number of times
 * (the "mboxrd" format); one `>` is removed again.
 *
 * @module
 */

/** Limits of what is held in memory. */
export interface FramingLimits {
  /** The longest line, in bytes. */
  readonly maxLineBytes: number
  /** The largest message, in bytes. */
  readonly maxMessageBytes: number
}

/** One message of the file, or why it could not be read. */
export type Frame =
  | { readonly kind: 'message'; readonly raw: Buffer; readonly separator: string }
  | { readonly kind: 'oversize'; readonly reason: string }

const LF = 0x0a
const CR = 0x0d
const GREATER = 0x3e
const FROM = Buffer.from('From ')

/**
 * Loosely matches a sender and a date in the format of `ctime`: programs add zones and omit seconds. A
 * paragraph that happens to begin with "From " has no such date.
 */
const SEPARATOR = /^From \S.*\b\d{1,2}:\d{2}(:\d{2})?\b.*\b\d{4}\b/
/** No separator line is longer than this, so longer lines are not checked. */
const MAX_SEPARATOR_BYTES = 1_024

/** Whether the first bytes are those of an mbox. */
export function looksLikeMbox(start: Buffer): boolean {
  return start.subarray(0, FROM.length).equals(FROM)
}

/** Turns chunks into frames. The first line counts as a separator, whatever its date. */
export class MboxFramer {
  readonly #limits: FramingLimits
  #partial: Buffer[] = []
  #partialBytes = 0
  #lines: Buffer[] = []
  #messageBytes = 0
  #separator: string | undefined
  #afterEmptyLine = false
  #problem: string | undefined

  constructor(limits: FramingLimits) {
    this.#limits = limits
  }

  /** Takes the next bytes of the file, and yields the messages that end in them. */
  *push(chunk: Buffer): Generator<Frame> {
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#keepPartial(chunk.subarray(start, end + 1))
      yield* this.#line(this.#takePartial())
      start = end + 1
    }
    this.#keepPartial(chunk.subarray(start))
  }

  /** Yields the last message, at the end of the file. */
  *end(): Generator<Frame> {
    if (this.#partialBytes > 0) yield* this.#line(this.#takePartial())
    yield* this.#finish()
  }

  #keepPartial(bytes: Buffer): void {
    this.#partialBytes += bytes.length
    if (this.#partialBytes > this.#limits.maxLineBytes) {
      this.#fail(`a line is longer than ${this.#limits.maxLineBytes} bytes`)
      this.#partial = []
    } else if (bytes.length > 0) {
      this.#partial.push(bytes)
    }
  }

  #takePartial(): Buffer {
    const [first = Buffer.alloc(0)] = this.#partial
    const line = this.#partial.length > 1 ? Buffer.concat(this.#partial) : first
    this.#partial = []
    this.#partialBytes = 0
    return line
  }

  *#line(line: Buffer): Generator<Frame> {
    const separator = this.#asSeparator(line)
    if (separator !== undefined) {
      yield* this.#finish()
      this.#separator = separator
      this.#afterEmptyLine = false
      return
    }
    this.#afterEmptyLine = isEmpty(line)
    this.#keepLine(unquote(line))
  }

  #asSeparator(line: Buffer): string | undefined {
    const isFirst = this.#separator === undefined
    if (!(isFirst || this.#afterEmptyLine) || !looksLikeMbox(line)) return undefined
    const text = line.toString('latin1', 0, MAX_SEPARATOR_BYTES).trimEnd()
    return isFirst || SEPARATOR.test(text) ? text : undefined
  }

  #keepLine(line: Buffer): void {
    this.#messageBytes += line.length
    if (this.#messageBytes > this.#limits.maxMessageBytes) {
      this.#fail(`it is larger than ${this.#limits.maxMessageBytes} bytes`)
    }
    if (this.#problem === undefined) this.#lines.push(line)
  }

  #fail(problem: string): void {
    this.#problem ??= problem
    this.#lines = []
  }

  *#finish(): Generator<Frame> {
    if (this.#problem !== undefined) {
      yield { kind: 'oversize', reason: this.#problem }
    } else if (this.#separator !== undefined) {
      // The empty line before a separator belongs to the file, not to the message.
      if (this.#afterEmptyLine) this.#lines.pop()
      yield { kind: 'message', raw: Buffer.concat(this.#lines), separator: this.#separator }
    }
    this.#lines = []
    this.#messageBytes = 0
    this.#problem = undefined
  }
}

function isEmpty(line: Buffer): boolean {
  return line[0] === LF || (line[0] === CR && line[1] === LF)
}

function unquote(line: Buffer): Buffer {
  if (line[0] !== GREATER) return line
  let depth = 1
  while (line[depth] === GREATER) depth += 1
  return line.subarray(depth, depth + FROM.length).equals(FROM) ? line.subarray(1) : line
}
