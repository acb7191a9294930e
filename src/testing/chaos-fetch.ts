/**
 * A `fetch` that meets what requests meet on the open internet.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import { undergo, type WireFault } from './chaos-call.ts'
import { type ChaosOptions, ChaosPlan, type Chaotic, type Fate, type Kinds } from './chaos-plan.ts'
import { extend } from './wrap.ts'

/** What can befall an HTTP request. `loseReply` is a connection reset. */
export type FetchFault =
  | WireFault
  /** A status of `statuses`. One from 500 on is half the time that of a gateway which gave up on a
   * request that the server applied. */
  | 'status'
  /** 200 with a page of HTML, as from a portal in between; not applied. */
  | 'html'
  /** It is applied, and the body of the answer ends early. */
  | 'truncate'

/** One HTTP request, for a rule to choose by. */
export interface FetchCall {
  /** In upper case. */
  readonly method: string
  readonly url: string
  readonly init: RequestInit | undefined
}

/** Options for {@link chaosFetch}. */
export interface ChaosFetchOptions extends ChaosOptions<FetchFault, FetchCall> {
  /** What `status` chooses from; integers from 400 to 599. @default [429, 500, 502, 503, 504] */
  readonly statuses?: readonly number[]
  /** The `fetch` underneath, looked up anew for each request. @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch
}

const KINDS: Kinds<FetchFault> = {
  exclusive: [
    'fail',
    'loseReply',
    'duplicate',
    'lateDuplicate',
    'hang',
    'status',
    'html',
    'truncate',
  ],
  besides: ['latency'],
}
const STATUSES = [429, 500, 502, 503, 504]
const PAGE = '<!doctype html><title>Sign in</title><p>Accept the terms to go on.'

/**
 * Makes a `fetch` for the option of that name of `restTransport`. Errors are those of Node: a
 * `TypeError` whose cause has a code. A body that is a stream cannot be sent twice, and an answer that
 * never ends, such as a subscription, not be cut off: spare them by `when`.
 *
 * @throws {InvalidOptionError} When an option is out of its documented range.
 */
export function chaosFetch(
  options: ChaosFetchOptions = {},
): typeof globalThis.fetch & Chaotic<FetchFault> {
  const { fetch: inner, ...rest } = options
  const statuses = checkStatuses(options.statuses ?? STATUSES)
  const plan = new ChaosPlan(KINDS, rest)
  const { platform, latencyMs } = plan

  async function send(...[input, init]: FetchArguments): Promise<Response> {
    const fate = plan.next(callOf(input, init))
    const once = (signal: AbortSignal | undefined): Promise<Response> => {
      const again = input instanceof Request ? input.clone() : input
      return (inner ?? globalThis.fetch)(again, { ...init, signal: signal ?? null })
    }
    return undergo(fate, {
      platform,
      latencyMs,
      signal: init?.signal ?? (input instanceof Request ? input.signal : undefined),
      send: async (signal) => (await replaced(fate, statuses, () => once(signal))) ?? once(signal),
      discard,
      refused: () => networkFailure('ECONNREFUSED'),
      lost: () => networkFailure('ECONNRESET'),
    })
  }

  return extend(send as typeof globalThis.fetch, { chaos: plan })
}

type FetchArguments = Parameters<typeof globalThis.fetch>

function callOf(input: FetchArguments[0], init: FetchArguments[1]): FetchCall {
  const request = input instanceof Request ? input : undefined
  const method = init?.method ?? request?.method ?? 'GET'
  return { method: method.toUpperCase(), url: request?.url ?? String(input), init }
}

/** What comes in the place of the server's answer, if anything does. */
async function replaced(
  fate: Fate<FetchFault>,
  statuses: readonly number[],
  send: () => Promise<Response>,
): Promise<Response | undefined> {
  const chosen = fate.get('status')
  if (chosen !== undefined) {
    const at = chosen * statuses.length
    const status = statuses[Math.floor(at)] ?? 503
    if (status >= 500 && at % 1 < 0.5) discard(await send())
    return new Response('', { status })
  }
  if (fate.has('html')) return new Response(PAGE, { headers: { 'content-type': 'text/html' } })
  const kept = fate.get('truncate')
  return kept === undefined ? undefined : truncated(await send(), kept)
}

/** The beginning of a response, never the whole of it. */
async function truncated(response: Response, kept: number): Promise<Response> {
  const text = await response.text()
  const { status } = response
  return new Response(text.slice(0, Math.floor(text.length * kept)), { status })
}

/** Ends a body that nobody reads: it would hold its connection. */
function discard({ body }: Response): void {
  body?.cancel().catch(() => undefined)
}

function checkStatuses(statuses: readonly number[]): readonly number[] {
  const fit = (status: number): boolean => Number.isInteger(status) && status >= 400 && status < 600
  if (statuses.length > 0 && statuses.every(fit)) return statuses
  throw new InvalidOptionError('statuses', 'a list of whole numbers from 400 to 599')
}

function networkFailure(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
}
