/**
 * Sends commands to Redis. An error reply is a result, not an exception.
 *
 * @module
 */

import { RemoteError, RemoteTimeoutError } from '../../errors.ts'
import { withDeadline } from '../../flight/deadline.ts'
import type { Argument, Reply, Requester } from '../../redis/requester.ts'
import type { Asked, Patient } from './check.ts'

type Asker = Pick<Patient, 'requester' | 'platform' | 'deadlineMs'>

/**
 * Sends one command.
 *
 * @throws {RemoteError} When there is no answer; also `RemoteTimeoutError`.
 */
export async function ask(
  { requester, platform, deadlineMs }: Asker,
  name: string,
  ...args: readonly Argument[]
): Promise<Asked> {
  const late = (): Error => new RemoteTimeoutError(name, deadlineMs)
  const { result, error } = await withDeadline(platform, deadlineMs, late, (signal) =>
    send(requester, [name, ...args], signal),
  )
  if (error === undefined) return { kind: 'reply', reply: result ?? null }
  // Only the first word: the rest may quote the command.
  return { kind: 'refused', word: /^[A-Z]+/.exec(error)?.[0] ?? 'ERR' }
}

async function send(requester: Requester, body: readonly Argument[], signal: AbortSignal) {
  try {
    return await requester.request<Reply>({ path: [], body, signal })
  } catch (error) {
    // A REST endpoint may refuse a token by the HTTP status alone.
    if (error instanceof RemoteError && error.reason === 'HTTP 403') return { error: 'NOPERM' }
    throw error
  }
}

/** The fields of INFO; empty if the command is refused. */
export async function readInfo(asker: Asker): Promise<ReadonlyMap<string, string>> {
  const asked = await ask(asker, 'INFO')
  const text = asked.kind === 'reply' && typeof asked.reply === 'string' ? asked.reply : ''
  const fields = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const at = line.indexOf(':')
    return at > 0 && !line.startsWith('#') ? [[line.slice(0, at), line.slice(at + 1).trim()]] : []
  })
  return new Map(fields)
}
