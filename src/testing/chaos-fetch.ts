/**
 * A `fetch` with the faults of the open internet.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import { undergo, type WireFault } from './chaos-call.ts'
import { type ChaosOptions, ChaosPlan, type Chaotic, type Fate, type Kinds } from './chaos-plan.ts'
import { extend } from './wrap.ts'

/** Faults of an HTTP request. `loseReply` is a connection reset. */
export type FetchFault =
  | WireFault
  /**
   * A status from `statuses`. In half of those from 500 on, the server has applied the request, as behind a
   * gateway that timed out.
   */
  | 'status'
  /** Status 200 with an HTML page, as from a captive portal; the request is not applied. */
  | 'html'
  /** The request is applied, and the body of the answer is cut off. */
  | 'truncate'

/** One HTTP request, by which a rule chooses. */
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
  /** The wrapped `fetch`, looked up for each request. @default globalThis.fetch */
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
 * Makes a `fetch` for the `fetch` option of `restTransport`. Its errors are those of Node: a `TypeError`
 * whose cause has a code. Use `when` to exclude requests with a stream as body, which cannot be sent twice,
 * and answers that never end, such as a subscription, which cannot be cut off.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function chaosFetch(
  options: ChaosFetchOptions = {},
): typeof globalThis.fetch & Chaotic<FetchFault> {
  const { fetch: inner, statuses: given = STATUSES, ...rest } = options
  const statuses = checkStatuses(given)
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

/** The answer that replaces the server's, if any. */
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

/** The beginning of a response, never all of it. */
async function truncated(response: Response, kept: number): Promise<Response> {
  const text = await response.text()
  const { status } = response
  return new Response(text.slice(0, Math.floor(text.length * kept)), { status })
}

/** Cancels a body that nobody reads, since it would keep its connection open. */
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
