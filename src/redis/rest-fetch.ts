/**
 * What the REST transport asks of a `fetch`, and of what it answers: every runtime's own has it.
 *
 * @module
 */

/** One POST. */
export interface RestRequestInit {
  readonly method: 'POST'
  /** By lower-case name. */
  readonly headers: Record<string, string>
  readonly body: string
  /** A redirect would carry the token to another host. 'error' is not known to workerd. */
  readonly redirect: 'manual'
  readonly signal: AbortSignal | null
}

/** The part of a `Response` that is used. */
export interface RestResponse {
  readonly ok: boolean
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: ReadableStream<Uint8Array> | null
  text(): Promise<string>
}

/** A `fetch`, or what does the same. */
export type RestFetch = (url: string, init: RestRequestInit) => Promise<RestResponse>
