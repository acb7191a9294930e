/**
 * Sends the commands of one tick as one request, in the order in which they were given.
 *
 * @module
 */

import { RemoteTimeoutError } from '../errors.ts'
import { checkAnswer } from './answer.ts'
import { Gather, type Texts } from './gather.ts'
import type { Command, RedisRequest, RedisResponse, Reply, Requester } from './requester.ts'

/** Upstash accepts requests of at least 10 MB. Both limits are below those of its client. */
const MAX_COMMANDS = 1_000
const MAX_BYTES = 8_000_000
/** Per tick: a Worker has six connections and a limited number of requests. */
const MAX_AHEAD = 3

/** The answer to one command: a reply, or the error reply as Redis sent it. */
export type Answer = RedisResponse<Reply>

interface Waiting {
  readonly command: Command
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** An `MGET` to which keys are added until the tick ends. */
interface Gathering {
  readonly gather: Gather
  readonly answer: Promise<Answer>
}

/**
 * Collects the commands of one tick into requests.
 *
 * A batch is closed two microtasks after the first command of its tick. This is still within the caller's
 * task, hence within the same request on Workers, where a promise of another request may never resolve.
 * If a tick only reads, its first full `MGET` commands are sent at once, each in its own request.
 * A command that fails does not affect the others. A request that fails rejects all its commands; if it timed
 * out, the commands queued behind it are rejected too.
 */
export class Batcher {
  readonly #requester: Requester
  #waiting: Waiting[] = []
  #gathering: Gathering | undefined
  /** Requests that were sent before the end of this tick. */
  #ahead = 0

  constructor(requester: Requester) {
    this.#requester = requester
  }

  /** Sends a command in the same request as the other commands of its tick. */
  send(command: Command): Promise<Answer> {
    // A read after a write of the same tick must not be answered from an MGET before that write.
    this.#gathering = undefined
    return this.#enqueue(command)
  }

  /**
   * Reads keys in one `MGET` with the other reads of this tick. Redis executes it after every one of these reads
   * has begun, and a read is promised nothing more.
   *
   * @param shared Keys that other readers also need. Pass the same array object each time.
   * @param make Turns the values into the result, as soon as they arrive.
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
    // If the full MGET is the only waiting command, it can be sent at once without overtaking another.
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
    // Sequential, because two requests in flight at once could arrive in another order.
    try {
      for (const part of partition(waiting)) await this.#request(part)
    } catch (error) {
      // The commands behind a request that timed out have waited just as long.
      for (const { reject } of waiting) reject(error)
    }
  }

  /** @throws {RemoteTimeoutError} When the request has timed out. */
  async #request(part: readonly Waiting[]): Promise<void> {
    const body = part.map(({ command }) => command)
    const request: RedisRequest =
      part.length === 1 ? { path: [], body: body[0] } : { path: ['pipeline'], body }
    try {
      // The requester may be any implementation, and not all of them check the answer.
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

/** Splits a tick's commands into requests below both limits. A command above the limit is sent alone. */
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

/** An upper bound: up to three bytes of UTF-8 a UTF-16 unit. Exact for ASCII text of 1,024 characters or more. */
function bytesOf(command: Command): number {
  let bytes = 0
  for (const part of command) {
    const text = String(part)
    bytes += text.length < 1_024 || !ASCII.test(text) ? text.length * 3 : text.length
  }
  return bytes
}
