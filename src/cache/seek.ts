/**
 * Reads that expect a miss. They ask for the lease in the same request as the look, so that a miss takes two requests
 * instead of three. Such a look is a script, which readers of one tick do not share.
 *
 * @module
 */

import { randomId } from '../entry/id.ts'
import { checkFunction } from '../entry/option-checks.ts'
import { carriedOn } from '../platform/carried-on.ts'
import { list, text } from '../redis/answer.ts'
import { mayBeApplied } from '../redis/failure.ts'
import type { Reply } from '../redis/requester.ts'
import { SEEK } from '../redis/scripts/seek.ts'
import { type CacheContext, heldMs, lifeMs, reported, type Target, targetOf } from './context.ts'
import { HeldSteps } from './held-steps.ts'
import { abandon, fly } from './load.ts'
import type { Admission, Loader } from './loader.ts'
import type { CacheNamespace } from './namespace.ts'
import { partsOf } from './namespace-parts.ts'
import { ABSENT, momentOf, observe, sightOf, unavailable } from './observe.ts'
import type { EntryOptions, Policy } from './options.ts'
import { resolvePolicy } from './policy.ts'
import { answer, type ReadResult, waysOf } from './read.ts'
import { lookOf, type Moment, type Sight } from './sight.ts'
import { markerMs, stampsOf } from './stamps.ts'

/** Access to a namespace for reads that expect a miss. */
export interface Seeker<Values> {
  /**
   * As `getOrSet` of the namespace, but without near copies, and without a signal.
   *
   * @param storing `soon`: the commit may wait a moment to share a request with other commands.
   *   @default 'at once'
   */
  getOrSet(
    key: string,
    loader: Loader<Values>,
    options: EntryOptions<Values>,
    storing?: 'at once' | 'soon',
  ): Promise<Values>
  /** Sends the waiting commits. Call it when other commands are sent in this tick. */
  readonly sendHeld: () => void
}

/**
 * Separate from the namespace, so that only bundles with such reads contain them.
 *
 * @throws {InvalidOptionError} When another copy of this package made the namespace.
 */
export function seeker<Values>(namespace: CacheNamespace<Values>): Seeker<Values> {
  const { ctx, policy } = partsOf(namespace, 'cache')
  ctx.link.guarded.allowRepeat([SEEK])
  const held = HeldSteps.isOfUse(ctx.link) ? new HeldSteps(ctx.link, ctx.platform) : undefined
  const patient = held ? { ...ctx, steps: held } : ctx
  const sendHeld = (): void => held?.sendHeld()
  return {
    sendHeld,
    getOrSet: async (key, loader, options, storing = 'at once') => {
      checkFunction(loader, 'loader')
      const resolved = resolvePolicy(policy, options)
      sendHeld()
      const terms = storing === 'soon' ? patient : ctx
      return (await readThrough(terms, key, loader as Loader, resolved)) as Values
    },
  }
}

async function readThrough(
  ctx: CacheContext,
  key: string,
  loader: Loader,
  policy: Policy,
): Promise<unknown> {
  const read = async (): Promise<ReadResult> => {
    const target = targetOf(ctx, key, policy)
    const { sight, admission } = await seek(ctx, target, policy)
    const request = { target, loader, policy }
    const ways = waysOf(ctx, request, sight)
    const load = admission ? () => fly(ctx, request, admission, undefined) : ways.load
    return answer(ctx, target, policy, sight, { ...ways, load })
  }
  const { value } = await reported(ctx, 'getOrSet', key, read, ({ outcome }) => outcome)
  return value
}

/** What was seen; with permission to load if there was no entry. */
interface Sought {
  readonly sight: Sight
  readonly admission?: Admission
}

async function seek(ctx: CacheContext, target: Target, policy: Policy): Promise<Sought> {
  const { entry, lease } = target.names
  const isUnderWay = ctx.flights.get(entry) !== undefined
  // A load under way in this isolate can be joined. On a cluster, markers are in other slots.
  if (isUnderWay || ctx.link.cluster || policy.after !== undefined) {
    return { sight: await observe(ctx, target, policy) }
  }
  const flight = ctx.flights.begin(entry)
  const moment = momentOf(ctx)
  const keys = [entry, lease, ...target.asked.map(({ key }) => key)]
  const nonce = randomId()
  const args = [nonce, heldMs(policy.hardTimeoutMs), markerMs(lifeMs(policy))]
  let reply: Reply
  try {
    reply = await carriedOn(ctx.platform, ctx.link.run(SEEK, keys, args))
    const token: unknown = Array.isArray(reply) ? reply[0] : undefined
    if (typeof token === 'string') {
      const stamps = stampsOf(target.asked, list(reply, keys.length - 1).slice(1))
      const sight = { ...moment, lease: null, markers: stamps, found: ABSENT, prefix: '' }
      return { sight, admission: { ...moment, flight, lease: { token, stamps } } }
    }
  } catch (error) {
    abandon(ctx, target, flight)
    if (mayBeApplied(error)) ctx.steps.disown(target.names, nonce, true)
    return { sight: unavailable(moment, error) }
  }
  abandon(ctx, target, flight)
  return { sight: await asSeen(ctx, target, policy, moment, reply) }
}

/** What was seen, if the script granted no lease: its reply is 0, then the text of each key. */
async function asSeen(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
  moment: Moment,
  reply: Reply,
): Promise<Sight> {
  try {
    const replies = list(reply, target.asked.length + 3).slice(1)
    const [entry, lease, ...texts] = replies.map((one) => text(one))
    const markers = new Map(target.asked.map(({ segment }, i) => [segment, texts[i] ?? null]))
    return await sightOf(ctx, target, policy, moment, lookOf(markers, entry, lease))
  } catch (error) {
    return unavailable(moment, error)
  }
}
