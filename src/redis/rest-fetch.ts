/**
 * The `fetch` that the REST transport needs, and the response it must return. The `fetch` of every runtime fits.
 *
 * @module
 */

/** The options of one POST request. */
export interface RestRequestInit {
  readonly method: 'POST'
  /** By lower-case name. */
  readonly headers: Record<string, string>
  readonly body: string
  /** Following a redirect would send the token to another host. workerd does not support 'error'. */
  readonly redirect: 'manual'
  readonly signal: AbortSignal | null
}

/** The part of a `Response` that the transport uses. */
export interface RestResponse {
  readonly ok: boolean
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: ReadableStream<Uint8Array> | null
  text(): Promise<string>
}

/** The runtime's `fetch`, or a function with the same behaviour. */
export interface RestFetch {
  (url: string, init: RestRequestInit): Promise<RestResponse>
  /** 0 if it keeps new connections by itself when a request is aborted. @default 2_000, as `Transport.graceMs` */
  readonly graceMs?: number
}

/**
 * How long a request goes on after its deadline, in milliseconds: long enough to connect over TLS to another
 * continent.
 */
export const GRACE_MS = 2_000
