/**
 * Deliberate mistakes in the implementation, outside the protocol, each with the test file that must find it.
 *
 * @module
 */

import type { Mutant } from './mutant.ts'

const CONTRACT = 'test/contract/cache/manager-embedded.test.ts'
const NEAR_LISTS = 'test/unit/email/cached-near-lists.test.ts'
const OUTAGE = 'test/contract/cache/outage.test.ts'

export const IMPLEMENTATION_MUTANTS: readonly Mutant[] = [
  {
    name: 'the near tier is never filled',
    edits: [
      {
        file: 'src/cache/near-copy.ts',
        from: 'if (near === undefined) return\n',
        to: 'if (near !== undefined) return\n',
      },
    ],
    foundBy: CONTRACT,
  },
  {
    name: 'the abort reason is returned as a value',
    edits: [
      {
        file: 'src/redis/rest.ts',
        from: 'if (signal?.aborted) throw signal.reason\n      throw error',
        to: 'if (signal?.aborted) return { result: signal.reason }\n      throw error',
      },
    ],
    foundBy: 'test/unit/redis/rest',
  },
  {
    name: 'a read with `values: copy` returns the shared value',
    edits: [
      {
        file: 'src/cache/near-copy.ts',
        from: "return near?.values === 'copy' ? structuredClone(copy.value) : copy.value",
        to: 'return near ? copy.value : copy.value',
      },
    ],
    foundBy: CONTRACT,
  },
  {
    name: 'the lease of a running loader is not prolonged',
    edits: [
      {
        file: 'src/cache/loader.ts',
        from: 'if (lease) platform.defer(steps.prolong(target.names, lease.token, heldMs(leftMs)))',
        to: '',
      },
    ],
    foundBy: 'test/contract/cache/time-limits.test.ts',
  },
  {
    name: 'a flight that ends removes a newer flight from the map',
    edits: [
      {
        file: 'src/flight/single-flight.ts',
        from: 'if (this.#byName.get(name) === flight) this.#byName.delete(name)',
        to: 'if (flight) this.#byName.delete(name)',
      },
    ],
    foundBy: 'test/unit/flight/single-flight.test.ts',
  },
  {
    name: 'a joiner waits without a deadline',
    edits: [
      {
        file: 'src/flight/single-flight.ts',
        from: 'await settledWithin(platform, withinMs, this.#ending.promise)',
        to: 'await settledWithin(platform, 1_000 * withinMs, this.#ending.promise)',
      },
    ],
    foundBy: 'test/unit/flight/single-flight.test.ts',
  },
  {
    name: 'the parts of one tick are sent concurrently',
    edits: [
      {
        file: 'src/redis/batch.ts',
        from: 'for (const part of partition(waiting)) await this.#request(part)',
        to: 'for (const part of partition(waiting)) void this.#request(part)',
      },
    ],
    foundBy: 'test/unit/redis/batch.test.ts',
  },
  {
    name: 'a read after a write in the same tick shares the reply of a read before the write',
    edits: [
      {
        file: 'src/redis/batch.ts',
        from: '    this.#gathering = undefined\n    return this.#enqueue(command)',
        to: '    return this.#enqueue(command)',
      },
    ],
    foundBy: 'test/unit/redis/batch.test.ts',
  },
  {
    name: 'INCR is sent again after a lost reply',
    edits: [
      {
        file: 'src/redis/replay.ts',
        from: '`DEL EXPIRE EXPIREAT HDEL',
        to: '`DEL EXPIRE INCR EXPIREAT HDEL',
      },
    ],
    foundBy: 'test/unit/redis/replay.test.ts',
  },
  {
    name: 'a late success from before the outage closes the circuit',
    edits: [
      {
        file: 'src/flight/breaker.ts',
        from: "if (probing || this.#state.kind === 'closed') this.#move(CLOSED)",
        to: 'this.#move(CLOSED)',
      },
    ],
    foundBy: 'test/unit/flight/breaker.test.ts',
  },
  {
    name: 'the fence forgets old calls without raising its floor',
    edits: [
      {
        file: 'src/near/fence.ts',
        from: '      this.#floor = Math.max(this.#floor, at)\n',
        to: '      if (at < 0) break\n',
      },
    ],
    foundBy: 'test/unit/near/fence.test.ts',
  },
  {
    name: 'a call whose reply was lost does not drop near copies',
    edits: [
      {
        file: 'src/cache/write.ts',
        from: '    await ctx.steps.delete(names)\n  } finally {\n    cover(ctx, keys)\n  }',
        to: '    await ctx.steps.delete(names)\n    cover(ctx, keys)\n  } finally {\n    ctx.near.get(keys[0] ?? "")\n  }',
      },
    ],
    foundBy: 'test/contract/cache',
  },
  {
    name: 'invalidatePattern drops entries before leases',
    edits: [
      {
        file: 'src/cache/invalidate.ts',
        from: "glob.replace(':[el]:', ':l:'), matches)\n    for (const glob of globs) await sweep(ctx, glob.replace(':[el]:', ':e:'), matches)",
        to: "glob.replace(':[el]:', ':e:'), matches)\n    for (const glob of globs) await sweep(ctx, glob.replace(':[el]:', ':l:'), matches)",
      },
    ],
    foundBy: CONTRACT,
  },
  {
    name: 'touch restores an entry that was deleted in the meantime',
    edits: [
      {
        file: 'src/redis/embedded/twins/protocol.ts',
        from: "if (call('GETRANGE', entryKey, 0, prefix.length - 1) !== prefix) return 0",
        to: 'if (prefix === entry) return 0',
      },
    ],
  },
  {
    name: 'waiters share a look that began before they started to wait',
    edits: [
      {
        file: 'src/cache/watch.ts',
        from: '      this.#end(id, round)\n      return look()\n    })',
        to: '      return look().finally(() => this.#end(id, round))\n    })',
      },
    ],
    foundBy: 'test/unit/cache/watch.test.ts',
  },
  {
    name: 'a payload is not bound to its key',
    edits: [
      {
        file: 'src/entry/cipher.ts',
        from: 'const fields = [VERSION, purpose, namespace, key, header]',
        to: 'const fields = [VERSION, purpose, namespace, typeof key, header]',
      },
    ],
    foundBy: 'test/unit/entry/cipher.test.ts',
  },
  {
    name: 'decompression has no size limit',
    edits: [
      {
        file: 'src/entry/compression.ts',
        from: 'if (produced > maxBytes) throw',
        to: 'if (produced > maxBytes * 1e6) throw',
      },
    ],
    foundBy: 'test/unit/entry/compression.test.ts',
  },
  {
    name: 'a stored prototype is revived',
    edits: [
      {
        file: 'src/entry/codec.ts',
        from: 'return canNamePrototype(text) ? JSON.parse(text, withoutPrototype) : JSON.parse(text)',
        to: 'return canNamePrototype(text) ? JSON.parse(text) : JSON.parse(text)',
      },
    ],
    foundBy: 'test/unit/entry/codec.test.ts',
  },
  {
    name: '`maxValueBytes` is not enforced',
    edits: [
      {
        file: 'src/cache/manager.ts',
        from: "maxValueBytes: wholeNumber(maxValueBytes, 'maxValueBytes', 1, 512 * MIB)",
        to: "maxValueBytes: wholeNumber(maxValueBytes, 'maxValueBytes', 1, 512 * MIB) && 512 * MIB",
      },
    ],
    foundBy: 'test/contract/cache/bad-input.test.ts',
  },
  {
    name: "a loader's error is wrapped",
    edits: [
      {
        file: 'src/cache/loader.ts',
        from: '  giveBack(ctx, target, lease)\n  throw error\n',
        to: "  giveBack(ctx, target, lease)\n  throw new Error('load failed', { cause: error })\n",
      },
    ],
    foundBy: CONTRACT,
  },
  {
    name: 'a read rejects when Redis fails',
    edits: [
      {
        file: 'src/cache/observe.ts',
        from: '  if (!isRemoteFailure(error)) throw error\n  return { ...moment',
        to: '  if (isRemoteFailure(error)) throw error\n  return { ...moment',
      },
    ],
    foundBy: OUTAGE,
  },
  {
    name: 'a failed invalidation resolves',
    edits: [
      {
        file: 'src/cache/invalidate.ts',
        from: "if (mode === 'hard') await ctx.steps.hard(markers, ctx.names.epoch)",
        to: "if (mode === 'hard') await ctx.steps.hard(markers, ctx.names.epoch).catch(() => undefined)",
      },
    ],
    foundBy: OUTAGE,
  },
  {
    name: 'a loaded value is not returned when it cannot be stored',
    edits: [
      {
        file: 'src/cache/loader.ts',
        from: 'if (!isRemoteFailure(error) && !(error instanceof InvalidValueError)) throw error',
        to: 'if (!(error instanceof InvalidValueError)) throw error',
      },
    ],
    foundBy: OUTAGE,
  },
  {
    name: "an event listener's error reaches the caller",
    edits: [
      {
        file: 'src/cache/events.ts',
        from: '    this.totals.listenerErrors++\n',
        to: '    if (this.totals.listenerErrors++ === 0) throw new Error()\n',
      },
    ],
    foundBy: CONTRACT,
  },
  {
    name: 'deferred work that rejects causes an unhandled rejection',
    edits: [
      {
        file: 'src/platform/web.ts',
        from: 'work.then(undefined, () => undefined)',
        to: 'work.then(() => undefined)',
      },
    ],
    foundBy: 'test/unit/platform/web.test.ts',
  },
  {
    name: 'an entry is served at the instant its stale window ends',
    edits: [
      {
        file: 'src/entry/freshness.ts',
        from: 'if (now < entry.staleUntil)',
        to: 'if (now <= entry.staleUntil)',
      },
    ],
    foundBy: 'test/unit/entry/freshness.test.ts',
  },
  {
    name: 'segments of Redis names are not escaped',
    edits: [
      {
        file: 'src/entry/key.ts',
        from: "return encodeURIComponent(text).replaceAll('*', '%2A')",
        to: "return encodeURI(text).replaceAll('*', '%2A')",
      },
    ],
    foundBy: 'test/property/entry/key.test.ts',
  },
  {
    name: "an error repeats the text of the server's reply",
    edits: [
      {
        file: 'src/redis/failure.ts',
        from: 'reason: limit?.reason ?? word,',
        to: 'reason: limit?.reason ?? text,',
      },
    ],
    foundBy: 'test/unit/redis/failure.test.ts',
  },
  {
    name: 'a header of another version is accepted',
    edits: [
      {
        file: 'src/entry/header.ts',
        from: '`^N1;(${ID}{16})',
        to: '`^N[0-9];(${ID}{16})',
      },
    ],
    foundBy: 'test/unit/entry/header.test.ts',
  },
  {
    name: 'a mailbox read is answered by a look that began before it',
    edits: [
      {
        file: 'src/email/cached/looks.ts',
        from: '    this.#gathering = undefined\n    const nth',
        to: '    const nth',
      },
      {
        file: 'src/email/cached/looks.ts',
        from: '    return looked\n  }\n\n  #keep(',
        to: '    this.#gathering = undefined\n    return looked\n  }\n\n  #keep(',
      },
    ],
    foundBy: NEAR_LISTS,
  },
  {
    name: 'within its lag a mailbox does not show its own writes',
    edits: [
      {
        file: 'src/email/cached/looks.ts',
        from: 'this.#oldest = this.#begun + 1',
        to: 'this.#oldest = 1',
      },
    ],
    foundBy: NEAR_LISTS,
  },
  {
    name: 'every look restarts the lag of a list that may have been written',
    edits: [
      {
        file: 'src/email/cached/near-lists.ts',
        from: 'isWithin(kept.clearAt, now, ',
        to: 'isWithin(looked.since, now, ',
      },
    ],
    foundBy: NEAR_LISTS,
  },
  {
    name: 'a look after one mailbox write hides another write that has returned since',
    edits: [
      {
        file: 'src/email/cached/looks.ts',
        from: 'if (looked?.writtenBefore === this.#written)',
        to: 'if (looked)',
      },
    ],
    foundBy: NEAR_LISTS,
  },
  {
    name: 'a mailbox list counts as unchanged when the log does not say what changed',
    edits: [
      {
        file: 'src/email/cached/touches.ts',
        from: "if (names === 'all') this.#any = entry.at",
        to: "if (names === 'all') this.#any = 0",
      },
    ],
    foundBy: 'test/property/email/touches.test.ts',
  },
  {
    name: 'a key on a cluster node that does not answer reads as empty',
    edits: [
      {
        file: 'src/redis/tcp/cluster-nodes.ts',
        from: "  error: 'NOMASTERLINK A node of the cluster does not answer',",
        to: '  result: null as never,',
      },
    ],
    foundBy: 'test/unit/redis/cluster-nodes.test.ts',
  },
  {
    name: 'commands are sent to a cluster node that is down',
    edits: [
      {
        file: 'src/redis/tcp/cluster-nodes.ts',
        from: "    if (before?.kind === 'away') return Promise.resolve(UNANSWERED)\n",
        to: '',
      },
    ],
    foundBy: 'test/unit/redis/cluster-nodes.test.ts',
  },
  {
    name: 'a refusal by one cluster node fails the commands for other nodes',
    edits: [
      {
        file: 'src/redis/guard.ts',
        from: 'cluster ? undefined : outageIn(answer)',
        to: 'outageIn(answer)',
      },
    ],
    foundBy: 'test/unit/redis/guard.test.ts',
  },
  {
    name: 'on a cluster, a look at many keys fails as a whole when one node fails',
    edits: [
      {
        file: 'src/cache/many.ts',
        from: 'ctx.link.cluster && error instanceof RemoteError',
        to: 'ctx.link.cluster && error instanceof RemoteError && targets.length < 2',
      },
    ],
    foundBy: 'test/contract/cache/manager-cluster.test.ts',
  },
  {
    name: 'the release of a lease whose grant was lost is tried only once',
    edits: [
      {
        file: 'src/cache/steps.ts',
        from: '[2_000, 4_000, 8_000]',
        to: '[2_000]',
      },
    ],
    foundBy: 'test/unit/cache/lost-grant.test.ts',
  },
]
