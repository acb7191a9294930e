/**
 * A Redis whose reads are answered by a replica that lags, as in a database with many regions. Writes and
 * scripts go to the primary; a token says how up to date the replica must be.
 *
 * @module
 */

import { EmbeddedRedis, embeddedTransport } from '../../src/redis/embedded/index.ts'
import { isReadOnly } from '../../src/redis/replay.ts'
import type {
  Command,
  RedisRequest,
  RedisResponse,
  Reply,
  Transport,
} from '../../src/redis/requester.ts'

/** The database, and the state of its replica. */
export class ReplicatedRedis {
  readonly #primary = new EmbeddedRedis()
  /** What the primary held after each write. */
  readonly #log: ReadonlyMap<string, string>[] = [new Map()]
  #applied = 0

  /** A separate client, with the token of its own latest write. */
  client(): Transport {
    const inner = embeddedTransport({ engine: this.#primary })
    const client: Transport = {
      kind: 'embedded',
      readYourWrites: true,
      upstashSyncToken: '',
      close: () => inner.close(),
      request: async <Result>(request: RedisRequest) => {
        const token = request.upstashSyncToken || client.upstashSyncToken
        const commands = (
          request.path?.length ? request.body : [request.body]
        ) as readonly Command[]
        if (commands.every((command) => isReadOnly(command) && command[0] === 'MGET')) {
          return this.#read(request, Number(token)) as RedisResponse<Result>
        }
        const answer = await inner.request<Result>(request)
        this.#record()
        client.upstashSyncToken = String(this.#log.length - 1)
        return answer
      },
    }
    return client
  }

  /** Makes the replica apply all writes. */
  catchUp(): void {
    this.#applied = this.#log.length - 1
  }

  #read({ path, body }: RedisRequest, token: number): unknown {
    this.#applied = Math.max(this.#applied, token)
    const held = this.#log[this.#applied] ?? new Map<string, string>()
    const one = ([, ...keys]: Command): RedisResponse<Reply> => ({
      result: keys.map((key) => held.get(String(key)) ?? null),
    })
    return path?.length ? (body as Command[]).map(one) : one(body as Command)
  }

  #record(): void {
    const { result } = this.#primary.execute(['KEYS', '*'])
    const held = (result as string[]).map(
      (key) => [key, String(this.#primary.execute(['GET', key]).result)] as const,
    )
    this.#log.push(new Map(held))
  }
}
