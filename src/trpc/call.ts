/**
 * What a middleware of tRPC is given and must return: the parts of it that are used, by their shape.
 *
 * tRPC has no official way to answer from a middleware without calling `next` (trpc/trpc issue 4066), so
 * this module is the only one that knows how; `npm run test:trpc` tries it on every minor version.
 *
 * @module
 */

/** A call on its way through the middlewares of tRPC 11, or of 10 with `rawInput`. */
export interface ProcedureCall<Result> {
  readonly ctx: unknown
  /** Such as `emails.list`. */
  readonly path: string
  readonly type: 'query' | 'mutation' | 'subscription'
  /** As the validators before this middleware left it; undefined if there were none. */
  readonly input: unknown
  readonly meta?: unknown
  /** The input as the client sent it. */
  getRawInput?(): Promise<unknown>
  readonly rawInput?: unknown
  next(): Promise<Result>
}

/** How a call ended; `ok: false` is an error of the resolver or of a middleware after this one. */
export type CallResult =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly error: unknown }

/** tRPC's mark of what middlewares return. Its types ask for it; none of its versions looks. */
const MARKER = 'middlewareMarker'

/** @throws Whatever reading the request's body fails with. */
export async function rawInputOf(call: ProcedureCall<unknown>): Promise<unknown> {
  return call.getRawInput ? call.getRawInput() : call.rawInput
}

/** What the input is as far as is known here: parsed by the validators before, else as it was sent. */
export function inputOf({ input }: ProcedureCall<unknown>, rawInput: unknown): unknown {
  return input === undefined ? rawInput : input
}

/** How a call ended, as far as we look. The types of tRPC hide the union behind a type parameter. */
export function read(result: unknown): CallResult {
  return result as CallResult
}

/** What a resolver that returned `data` would have made `next` return. */
export function succeed<Result>({ ctx }: ProcedureCall<Result>, data: unknown): Result {
  return { marker: MARKER, ok: true, data, ctx } as Result
}

/** Codes that say that the server is at fault, for which RFC 5861 lets a stale answer step in. */
const SERVER_FAULTS = [
  'INTERNAL_SERVER_ERROR',
  'BAD_GATEWAY',
  'SERVICE_UNAVAILABLE',
  'GATEWAY_TIMEOUT',
]

/** Whether an error is the server's, and not an answer such as NOT_FOUND or FORBIDDEN. */
export function isServerFault(error: unknown): boolean {
  return SERVER_FAULTS.includes((error as { readonly code?: unknown } | null)?.code as string)
}
