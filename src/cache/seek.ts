/**
 * Reads that expect to find nothing: they ask for the lease in the request of their look, so that a miss
 * takes two requests in place of three. A look is a script then, which readers of one tick do not share.
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

/** A namespace, for reads that expect to find nothing. */
export interface Seeker<Values> {
  /**
   * As the one of the namespace, but without near copies, and without a signal.
   *
   * @param storing `soon`: what was loaded may wait a moment for another request to go with.
   *   @default 'at once'
   */
  getOrSet(
    key: string,
    loader: Loader<Values>,
    options: EntryOptions<Values>,
    storing?: 'at once' | 'soon',
  ): Promise<Values>
  /** Something else is sent in this tick: what waits to be stored goes with it. */
  readonly sendHeld: () => void
}

/**
 * Apart from the namespace itself, so that who has no such reads ships none.
 *
 * @throws {InvalidOptionError} When the namespace is of another copy of this package.
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

/** What was found; or the right to load, since there was nothing. */
interface Sought {
  readonly sight: Sight
  readonly admission?: Admission
}

async function seek(ctx: CacheContext, target: Target, policy: Policy): Promise<Sought> {
  const { entry, lease } = target.names
  const isUnderWay = ctx.flights.get(entry) !== undefined
  // What is under way here is there to be joined; on a cluster markers have other slots.
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

/** What there was: 0, and then what each key holds. */
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
