/**
 * A Redis inside a Durable Object of the same Worker, called by RPC.
 *
 * @module
 */

import { checkFields } from '../../entry/option-checks.ts'
import { ClosedError, InvalidOptionError, RemoteError } from '../../errors.ts'
import { unlessAborted } from '../../flight/deadline.ts'
import { checkAnswer } from '../answer.ts'
import { networkError, operationOf } from '../failure.ts'
import type { RedisRequest, RedisResponse, Transport } from '../requester.ts'

export {
  DurableSnapshot,
  type DurableSnapshotOptions,
  type DurableStorageLike,
  discardSnapshot,
} from './snapshot.ts'

/** The method that the object must have. It answers as a `Requester` does. */
export interface DurableStub {
  execute(path: string[], body: unknown): Promise<unknown>
}

/** The part of a `DurableObjectNamespace` that is used, written structurally. */
export interface DurableNamespaceLike {
  idFromName(name: string): unknown
  get(id: unknown, options?: { locationHint?: string }): DurableStub
}

/** Options for {@link durableTransport}. */
export interface DurableOptions {
  /** The binding of the object's class. */
  readonly namespace: DurableNamespaceLike
  /** Which object: one name is one database. @default 'nearcache' */
  readonly name?: string
  /**
   * Where the object is created at its first use, such as `weur`; it never moves afterwards.
   * @default near the first caller
   */
  readonly locationHint?: string
}

/**
 * A transport to one object, hence to one region. The data outlives the Worker's isolates, but is lost when
 * the object is evicted, unless the object stores a snapshot.
 *
 * @throws {InvalidOptionError} When the binding is missing, the name is empty, or an option is unknown.
 */
export function durableTransport(options: DurableOptions): Transport {
  checkFields(options, 'options', ['namespace', 'name', 'locationHint'])
  const { namespace, name = 'nearcache', locationHint } = options
  if (typeof namespace?.idFromName !== 'function') {
    throw new InvalidOptionError('namespace', 'a Durable Object binding')
  }
  if (name === '') throw new InvalidOptionError('name', 'a text of at least one character')
  const hint = locationHint === undefined ? undefined : { locationHint }
  let closed = false

  async function call(request: RedisRequest): Promise<unknown> {
    // A stub belongs to the request that created it, and may stay broken after an error.
    const stub = namespace.get(namespace.idFromName(name), hint)
    return stub.execute(request.path ?? [], request.body)
  }

  return {
    kind: 'durable',
    async request<Result>(request: RedisRequest): Promise<RedisResponse<Result>> {
      const { signal } = request
      if (closed) throw new ClosedError('durable transport')
      signal?.throwIfAborted()
      const operation = operationOf(request)
      const answer = await unlessAborted(call(request), signal).catch((error: unknown) => {
        throw signal?.aborted ? signal.reason : stubError(operation, error)
      })
      return checkAnswer<Result>(request, answer)
    },
    async close() {
      closed = true
    },
  }
}

/**
 * The error for what a stub threw. The platform sets its flags: `overloaded` forbids a retry, `retryable`
 * suggests one, `remote` alone means that the code inside the object threw.
 */
function stubError(operation: string, error: unknown): RemoteError {
  const { overloaded, retryable, remote } = flagsOf(error)
  if (overloaded) return new RemoteError({ operation, reason: 'overloaded', applied: 'unknown' })
  if (remote && !retryable) {
    return new RemoteError({ operation, reason: 'exception', applied: 'unknown' })
  }
  return networkError(operation, error)
}

function flagsOf(error: unknown): { overloaded: boolean; retryable: boolean; remote: boolean } {
  const { overloaded, retryable, remote } = Object(error) as Record<string, unknown>
  return { overloaded: overloaded === true, retryable: retryable === true, remote: remote === true }
}
