/**
 * One Redis behind the bridge: sends the commands of a request in one request, within a deadline.
 *
 * @module
 */

import { RemoteError, RemoteTimeoutError } from '../errors.ts'
import { withDeadline } from '../flight/deadline.ts'
import { checkAnswer } from '../redis/answer.ts'
import { operationOf } from '../redis/failure.ts'
import type { Command, RedisRequest, Requester, Transport } from '../redis/requester.ts'
import { type Answer, isList } from './format.ts'
import type { Words } from './json.ts'
import { KeyLocking } from './key-locking.ts'
import { Metrics } from './metrics.ts'
import type { BridgePolicy } from './options.ts'
import { Problem } from './problem.ts'
import { refusalOf } from './refusals.ts'
import { BYTES, type Strings, TEXT } from './strings.ts'

/** A Redis, its counters, and its sync tokens. */
export class Database {
  readonly strings: Strings
  readonly metrics: Metrics = new Metrics()
  readonly #redis: Requester | Transport
  readonly #policy: BridgePolicy
  /** Only for a TCP server: other transports lead to a server that knows the flag, or need the unchanged script. */
  readonly #keyLocking: KeyLocking | undefined
  #syncToken: number

  constructor(redis: Requester | Transport, policy: BridgePolicy) {
    this.#redis = redis
    this.#policy = policy
    this.strings = 'strings' in redis && redis.strings === 'bytes' ? BYTES : TEXT
    const isServer = 'kind' in redis && redis.kind === 'tcp'
    this.#keyLocking = isServer ? new KeyLocking(this.strings) : undefined
    // Greater than any token of an earlier process, unless that process made over 1,000 tokens a millisecond.
    this.#syncToken = policy.platform.now() * 1_000
  }

  /** A token for reading one's own writes. The bridge ignores it when sent back: there is only one Redis. */
  nextSyncToken(): string {
    return String(++this.#syncToken)
  }

  /** Runs one command. */
  async run(command: Words, isReadOnly: boolean): Promise<Answer> {
    const refused = refusalOf(command as Command, isReadOnly)
    if (refused !== undefined) return this.#counted({ error: refused })
    const answer = (await this.#ask({ path: [], body: this.#toRedis(command) })) as Answer
    return this.#counted(this.#fromRedis(command, answer))
  }

  /** Runs commands in order, in one request. A refused command gets its error in its place. */
  async runAll(commands: readonly Words[], isReadOnly: boolean): Promise<readonly Answer[]> {
    const refusals = commands.map((command) => refusalOf(command as Command, isReadOnly))
    const sent = commands.filter((_command, index) => refusals[index] === undefined)
    const replies = sent.length === 0 ? [] : await this.#askAll('pipeline', sent)
    // One reply for each command sent: #ask has checked that.
    const rest = isList(replies) ? [...replies] : []
    return this.#countedAll(
      refusals.map((error) => (error === undefined ? (rest.shift() ?? {}) : { error })),
    )
  }

  /** Runs commands as one transaction. One refused command discards the whole transaction. */
  async runTransaction(
    commands: readonly Words[],
    isReadOnly: boolean,
  ): Promise<readonly Answer[] | Answer> {
    if (commands.length === 0) return []
    for (const command of commands) {
      const refused = refusalOf(command as Command, isReadOnly)
      if (refused === undefined) continue
      this.metrics.commands(commands.length, commands.length)
      return { error: `EXECABORT Transaction discarded because of: ${refused}` }
    }
    const answer = await this.#askAll('multi-exec', commands)
    if (isList(answer)) return this.#countedAll(answer)
    this.metrics.commands(commands.length, commands.length)
    return answer
  }

  /** Listens to channels until the signal is aborted. Rejects if the subscription cannot start. */
  async listen(
    path: readonly string[],
    signal: AbortSignal,
    onMessage: (data: string) => void,
  ): Promise<Answer> {
    const request = { path: [...path], isStreaming: true, onMessage }
    return (await this.#ask(request, signal)) as Answer
  }

  /** Whether Redis answers PING in time. */
  async isHealthy(timeoutMs: number): Promise<boolean> {
    const { platform } = this.#policy
    const timedOut = (): Error => new RemoteTimeoutError('PING', timeoutMs)
    try {
      const { error } = await withDeadline(platform, timeoutMs, timedOut, (signal) =>
        this.#redis.request({ path: [], body: ['PING'], signal }),
      )
      return error === undefined
    } catch {
      return false // any error means that Redis did not answer
    }
  }

  /** @throws {Problem} 503 or 504, if the backend does not answer; 400, if it forbids the subscription. */
  async #ask(request: RedisRequest, until?: AbortSignal): Promise<unknown> {
    const operation = operationOf(request)
    const { platform, timeoutMs } = this.#policy
    const timedOut = (): Error => new RemoteTimeoutError(operation, timeoutMs)
    this.metrics.backendRequest()
    try {
      const answer: unknown = await withDeadline(platform, timeoutMs, timedOut, (expiry) => {
        const signal = until ? AbortSignal.any([until, expiry]) : expiry
        return this.#redis.request({ ...request, signal })
      })
      // The requester may be any implementation, and not all of them check the answer.
      return request.isStreaming ? answer : checkAnswer(request, answer)
    } catch (error) {
      if (until?.aborted) throw until.reason
      this.metrics.backendFailure()
      throw problemOf(error)
    }
  }

  async #askAll(kind: string, commands: readonly Words[]): Promise<readonly Answer[] | Answer> {
    const body = commands.map((command) => this.#toRedis(command))
    const answer = (await this.#ask({ path: [kind], body })) as readonly Answer[] | Answer
    if (!isList(answer)) return answer
    return answer.map((one, index) => this.#fromRedis(commands[index] ?? [''], one))
  }

  #toRedis(command: Words): Words {
    return this.#keyLocking?.toRedis(command) ?? command
  }

  #fromRedis(command: Words, answer: Answer): Answer {
    return this.#keyLocking?.fromRedis(command, answer) ?? answer
  }

  #counted(answer: Answer): Answer {
    this.metrics.commands(1, answer.error === undefined ? 0 : 1)
    return answer
  }

  #countedAll(answers: readonly Answer[]): readonly Answer[] {
    const errors = answers.filter(({ error }) => error !== undefined)
    this.metrics.commands(answers.length, errors.length)
    return answers
  }
}

/** The reasons of our own errors come from closed sets. The text of other errors is not passed on (I5). */
function problemOf(error: unknown): Problem {
  if (error instanceof RemoteTimeoutError) {
    return new Problem(504, `ERR the database did not answer within ${error.timeoutMs} ms`)
  }
  const reason = error instanceof RemoteError ? `: ${error.reason}` : ''
  // Only subscriptions reject with NOPERM; a refused command has an error reply.
  if (reason === ': NOPERM') return new Problem(400, 'NOPERM the user of Redis has no such right')
  return new Problem(503, `ERR the database did not answer${reason}`)
}
