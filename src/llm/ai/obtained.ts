/**
 * Turns an answer that was found, or is being generated, into what callers of a model get.
 *
 * @module
 */

import { NotCachedError } from '../../errors.ts'
import { unlessAborted } from '../../flight/deadline.ts'
import type { Obtained } from '../answers.ts'
import { onlyPartOf } from '../obtained.ts'
import type { Reader } from '../reader.ts'
import { type AiPart, type AiResult, type AiStream, renewal } from './parts.ts'

/**
 * The whole answer.
 *
 * @throws {NotCachedError} When no answer is stored, and none may be generated.
 */
export async function wholeOf<Result extends AiResult>(
  obtained: Obtained<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (obtained.kind === 'absent') throw new NotCachedError()
  if (obtained.kind === 'stored') return renewed(obtained.answer.parts[0] as Result)
  const whole = await onlyPartOf(obtained.reader, signal)
  return obtained.via === 'joined' ? renewed(whole) : whole
}

function renewed<Result extends AiResult>(result: Result): Result {
  return { ...result, content: result.content.map(renewal(newId)) }
}

/**
 * The answer in parts; an abort fails it with the signal's reason. The caller whose request it was also gets
 * the details of the HTTP exchange.
 *
 * @throws {NotCachedError} As {@link wholeOf}.
 * @throws The error of a model that fails before its stream: the SDK only retries such calls.
 */
export async function streamOf<Part extends AiPart>(
  obtained: Obtained<Part>,
  signal: AbortSignal | undefined,
): Promise<AiStream<Part>> {
  if (obtained.kind === 'absent') throw new NotCachedError()
  const head = obtained.kind === 'live' ? await openedOf(obtained.reader, signal) : undefined
  const isOwn = obtained.kind === 'live' && obtained.via !== 'joined'
  const renew = isOwn ? <T>(part: T): T => part : renewal(newId)
  const parts: AsyncIterator<Part, void> =
    obtained.kind === 'live' ? obtained.reader : listed(obtained.answer.parts)
  const ended = new AbortController()
  const stream = new ReadableStream<Part>({
    start(controller) {
      const onAbort = (): void => {
        controller.error(signal?.reason)
        void parts.return?.()
      }
      signal?.addEventListener('abort', onAbort, { once: true, signal: ended.signal })
      if (signal?.aborted) onAbort()
    },
    async pull(controller) {
      const step = await parts.next().catch((error: unknown) => {
        ended.abort()
        throw error
      })
      if (signal?.aborted) return
      if (!step.done) return controller.enqueue(renew(step.value))
      ended.abort()
      controller.close()
    },
    async cancel() {
      ended.abort()
      await parts.return?.()
    },
  })
  return { ...(isOwn && Object(head)), stream }
}

async function openedOf(
  reader: Reader<unknown>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    return await unlessAborted(reader.opened(), signal)
  } catch (error) {
    await reader.return()
    throw error
  }
}

function newId(): string {
  return crypto.randomUUID().replaceAll('-', '')
}

async function* listed<T>(values: readonly T[]): AsyncGenerator<T, void> {
  yield* values
}
