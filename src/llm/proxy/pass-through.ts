/**
 * Passes on requests that the cache does not answer.
 *
 * @module
 */

import type { ProxyPolicy, Upstream } from './options.ts'
import { forwarded, returned } from './upstream.ts'

/** Where a request is sent on to. */
export interface Onward {
  readonly upstream: Upstream
  /** The path below the URL of the upstream, with the query. */
  readonly path: string
  /** Called when the response is complete, cut off or lost. */
  readonly onEnd: (() => void) | undefined
  /** The body of the request, if it has been read already. */
  readonly body?: string
}

/** Whether a request may change which model a name stands for. */
export function changesModels(method: string, path: string): boolean {
  return method !== 'GET' && /^\/api\/(?:pull|create|copy|delete)\b/.test(path)
}

/** Sends a request on and its response back, both unchanged. A redirect is sent back, not followed. */
export async function passThrough(
  { fetch }: ProxyPolicy,
  incoming: Request,
  { upstream, path, onEnd, body }: Onward,
): Promise<Response> {
  const { method, headers, signal } = incoming
  const content = body ?? (method === 'GET' || method === 'HEAD' ? undefined : incoming.body)
  const sent = forwarded(headers, upstream)
  const init = { method, headers: sent, signal, redirect: 'manual' } as const
  // `fetch` requires `duplex: 'half'` for a body that is a stream.
  const streamed = content !== undefined && content !== null && { body: content, duplex: 'half' }
  const request = new Request(`${upstream.url}${path}`, { ...init, ...streamed })
  const response = await ending(fetch(request), onEnd)
  const result = returned(response.headers)
  result.set('x-nearcache', 'bypass')
  const { status, statusText } = response
  return new Response(observed(response.body, onEnd), { status, statusText, headers: result })
}

/** The same work, which reports the end if it fails. */
function ending<T>(work: Promise<T>, onEnd: (() => void) | undefined): Promise<T> {
  return work.catch((error: unknown) => {
    onEnd?.()
    throw error
  })
}

function observed(
  body: ReadableStream<Uint8Array> | null,
  onEnd: (() => void) | undefined,
): ReadableStream<Uint8Array> | null {
  if (!onEnd) return body
  if (!body) {
    onEnd()
    return null
  }
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await ending(reader.read(), onEnd)
      if (done) {
        onEnd()
        controller.close()
      } else controller.enqueue(value)
    },
    async cancel(reason) {
      onEnd()
      await reader.cancel(reason)
    },
  })
}
