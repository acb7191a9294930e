/**
 * Sends the commands of one tick as one request, in the order in which they were given.
 *
 * @module
 */

import { RemoteTimeoutError } from '../errors.ts'
import { checkAnswer } from './answer.ts'
import { Gather, type Texts } from './gather.ts'
import type { Command, RedisRequest, RedisResponse, Reply, Requester } from './requester.ts'

/** Upstash takes requests of 10 MB and more; both caps are the ones its client keeps below. */
const MAX_COMMANDS = 1_000
const MAX_BYTES = 8_000_000
/** Of one tick: a Worker has six connections, and only so many requests in all. */
const MAX_AHEAD = 3

/** The answer to one command: a reply, or the error reply of Redis in its own words. */
export type Answer = RedisResponse<Reply>

interface Waiting {
  readonly command: Command
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** A command that grows until its tick is over. */
interface Gathering {
  readonly gather: Gather
  readonly answer: Promise<Answer>
}

/**
 * Collects the commands of a tick.
 *
 * A batch is closed two microtasks after the first command of its tick: still within the task of the
 * caller, hence within the same request on Workers, where a promise of another request may never
 * resolve. Of a tick that only reads, the first full commands are requests of their own, sent at once.
 * A command that fails rejects or answers alone; a request that fails rejects all its commands, and one
 * that has taken its whole time those that wait behind it as well.
 */
export class Batcher {
  readonly #requester: Requester
  #waiting: Waiting[] = []
  #gathering: Gathering | undefined
  /** Requests of this tick that have been sent. */
  #ahead = 0

  constructor(requester: Requester) {
    this.#requester = requester
  }

  /** Sends one command with those of the same tick. */
  send(command: Command): Promise<Answer> {
    // What was read before a write of the same tick must not answer a read after it.
    this.#gathering = undefined
    return this.#enqueue(command)
  }

  /**
   * Reads keys, together with whatever else is read in this tick: one `MGET`. Its reply is newer than
   * the beginning of every reader, which is all that a read is promised.
   *
   * @param shared Keys that other readers ask for as well: the same list for all of them.
   * @param make What to make of what the keys hold, at once.
   */
  read<T>(
    keys: readonly string[],
    shared: readonly string[],
    make: (texts: Texts, shared: Texts) => T | Promise<T>,
  ): Promise<T> {
    const { gather, answer } = this.#gatherFor(keys.length + shared.length)
    const places = gather.add(keys, shared)
    return answer.then((told) => gather.pick(told, places, make))
  }

  #gatherFor(count: number): Gathering {
    const waiting = this.#gathering
    if (waiting?.gather.hasRoomFor(count)) return waiting
    // Alone, it has nothing before it that is to be done first.
    if (waiting && this.#waiting.length === 1 && this.#ahead++ < MAX_AHEAD) void this.#flush()
    const gather = new Gather()
    this.#gathering = { gather, answer: this.#enqueue(gather.command) }
    return this.#gathering
  }

  #enqueue(command: Command): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject })
      if (this.#waiting.length === 1) void this.#flushSoon()
    })
  }

  async #flushSoon(): Promise<void> {
    await undefined
    await undefined
    this.#ahead = 0
    await this.#flush()
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    this.#gathering = undefined
    // One after the other: two requests in flight at once would lose the order.
    try {
      for (const part of partition(waiting)) await this.#request(part)
    } catch (error) {
      // Those behind a request have waited for as long.
      for (const { reject } of waiting) reject(error)
    }
  }

  /** @throws {RemoteTimeoutError} When it has taken its whole time. */
  async #request(part: readonly Waiting[]): Promise<void> {
    const body = part.map(({ command }) => command)
    const request: RedisRequest =
      part.length === 1 ? { path: [], body: body[0] } : { path: ['pipeline'], body }
    try {
      // Any Requester may stand behind this, and not all of them check what they were answered.
      const checked = checkAnswer<never>(request, await this.#requester.request(request))
      const answers: readonly Answer[] = [checked].flat()
      part.forEach(({ resolve }, i) => {
        resolve(answers[i] as Answer)
      })
    } catch (error) {
      if (error instanceof RemoteTimeoutError) throw error
      for (const { reject } of part) reject(error)
    }
  }
}

/** Cuts a tick's commands into requests that stay below both caps; a giant goes alone. */
function partition(waiting: readonly Waiting[]): Waiting[][] {
  const parts: Waiting[][] = []
  let bytes = 0
  for (const item of waiting) {
    const part = parts.at(-1)
    const more = bytesOf(item.command)
    bytes += more
    if (part && part.length < MAX_COMMANDS && bytes <= MAX_BYTES) part.push(item)
    else {
      parts.push([item])
      bytes = more
    }
  }
  return parts
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
const ASCII = /^[\x00-\x7f]*$/

/** An upper bound that is exact for ASCII: three bytes of UTF-8 a UTF-16 unit otherwise. */
function bytesOf(command: Command): number {
  let bytes = 0
  for (const part of command) {
    const text = String(part)
    bytes += text.length < 1_024 || !ASCII.test(text) ? text.length * 3 : text.length
  }
  return bytes
}
