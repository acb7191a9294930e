/**
 * The types of a tRPC middleware: only the parts that are used, as structural types.
 *
 * tRPC has no official way to answer from a middleware without calling `next` (trpc/trpc issue 4066). Only
 * this module knows how to do it; `npm run test:trpc` tests it with every minor version.
 *
 * @module
 */

/** A call as the middlewares of tRPC 11 get it, or of tRPC 10 with `rawInput`. */
export interface ProcedureCall<Result> {
  readonly ctx: unknown
  /** Such as `emails.list`. */
  readonly path: string
  readonly type: 'query' | 'mutation' | 'subscription'
  /** As validated before this middleware; undefined if there was no validator. */
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

/** tRPC's marker of a middleware's result. Its types require it; no version checks it. */
const MARKER = 'middlewareMarker'

/** @throws Whatever reading the request's body failed with. */
export async function rawInputOf(call: ProcedureCall<unknown>): Promise<unknown> {
  return call.getRawInput ? call.getRawInput() : call.rawInput
}

/** The input as validated so far, or else as it was sent. */
export function inputOf({ input }: ProcedureCall<unknown>, rawInput: unknown): unknown {
  return input === undefined ? rawInput : input
}

/** The result of a call. tRPC's types hide the union behind a type parameter. */
export function read(result: unknown): CallResult {
  return result as CallResult
}

/** The result that `next` would return for a resolver that returned `data`. */
export function succeed<Result>({ ctx }: ProcedureCall<Result>, data: unknown): Result {
  return { marker: MARKER, ok: true, data, ctx } as Result
}

/** Codes of server faults, for which RFC 5861 allows a stale answer. */
const SERVER_FAULTS = [
  'INTERNAL_SERVER_ERROR',
  'BAD_GATEWAY',
  'SERVICE_UNAVAILABLE',
  'GATEWAY_TIMEOUT',
]

/** Whether an error is a server fault, and not an answer such as NOT_FOUND or FORBIDDEN. */
export function isServerFault(error: unknown): boolean {
  return SERVER_FAULTS.includes((error as { readonly code?: unknown } | null)?.code as string)
}
