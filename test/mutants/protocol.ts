/**
 * Deliberate mistakes in the protocol: the flaws of the model (test/model), made in the real code.
 *
 * @module
 */

import type { Edit, Mutant } from './mutant.ts'

const STEPS = 'src/cache/steps.ts'
const LOADER = 'src/cache/loader.ts'
const UNDER_LEASE = 'src/cache/under-lease.ts'
const JUDGE = 'src/cache/judge.ts'
const OBSERVE = 'src/cache/observe.ts'
const FLIGHT = 'src/flight/single-flight.ts'
const TWINS = 'src/redis/embedded/twins/protocol.ts'
const NEAR = 'src/cache/near-copy.ts'

function edit(file: string, from: string, to: string): Edit {
  return { file, from, to }
}

/** Reads the current markers instead of those that the lease was granted with. */
const STAMPS_NOW = `new Map(
    [...(await ctx.steps.lookAt(target.declared))].flatMap(([segment, marker]) =>
      marker === null ? [] : [[segment, marker] as const],
    ),
  )`

export const PROTOCOL_MUTANTS: readonly Mutant[] = [
  {
    name: 'stamps are read after the load',
    edits: [
      edit(
        LOADER,
        'stampsFor(ctx, lease.stamps, lateTags',
        `stampsFor(ctx, ${STAMPS_NOW}, lateTags`,
      ),
      edit(
        UNDER_LEASE,
        'late.epoch === null || late.epoch !== granted.get(epoch.segment)',
        'false',
      ),
    ],
  },
  {
    name: 'a background refresh reads its stamps after its load',
    edits: [
      edit(
        'src/cache/read.ts',
        'const load = lead(ctx, request, seen',
        'const load = lead(ctx, { ...request, behind: true } as never, seen',
      ),
      edit(
        LOADER,
        'const encoded = encode(ctx, policy, value)\n',
        'const encoded = encode(ctx, policy, value)\n  const behind = Object(request).behind\n',
      ),
      edit(
        LOADER,
        '  { target }: LoadRequest,\n  { value, loadMs',
        '  request: LoadRequest,\n  { value, loadMs',
      ),
      edit(
        LOADER,
        '): Promise<boolean> {\n',
        '): Promise<boolean> {\n  const { target } = request\n',
      ),
      edit(
        LOADER,
        'stampsFor(ctx, lease.stamps, lateTags',
        `stampsFor(ctx, behind ? ${STAMPS_NOW} : lease.stamps, behind ? [] : lateTags`,
      ),
    ],
  },
  {
    name: 'marker ids repeat',
    edits: [edit(TWINS, '`${nonce}-${now}.0`', "'first-1.0'")],
  },
  {
    name: 'a missing marker is valid',
    edits: [
      edit(JUDGE, 'if (current === stamp) continue', 'if (current === stamp || !current) continue'),
    ],
  },
  {
    name: 'after a failed look, all markers count as valid',
    edits: [
      edit(
        OBSERVE,
        'lookFurther(ctx, unseen, markers, policy.after).then((all)',
        'lookFurther(ctx, unseen, markers, policy.after).catch(() => entry.header.stamps).then((all)',
      ),
    ],
  },
  {
    name: 'delete leaves a tombstone instead of dropping the lease',
    edits: [
      edit(
        STEPS,
        'await this.#drop(this.#link.cluster ? pairs : [pairs.flat()])',
        "for (const { entry, lease } of names) {\n      await this.#link.send(['DEL', entry])\n      await this.#link.send(['SET', lease, 'deleted', 'PX', 200])\n    }\n    if (pairs.length < 0) await this.#drop(pairs)",
      ),
      edit(
        TWINS,
        "if (call('GET', leaseKey) !== token) return 0",
        "if (call('GET', leaseKey) === 'deleted' || !token) return 0",
      ),
    ],
  },
  {
    name: 'commit does not compare the lease',
    edits: [
      edit(TWINS, "if (call('GET', leaseKey) !== token) return 0", "if (token === '') return 0"),
    ],
  },
  {
    name: 'delete leaves the lease',
    edits: [
      edit(
        STEPS,
        'const pairs = names.map(({ entry, lease }) => [entry, lease])',
        'const pairs = names.map(({ entry }) => [entry])',
      ),
    ],
  },
  {
    name: 'set does not take the lease from an older load',
    edits: [
      edit(
        TWINS,
        'if (!bears(lease, nonce)) {\n    lease',
        "if (lease !== null) call('DEL', entryKey)\n  else {\n    lease",
      ),
    ],
  },
  {
    name: 'the first request of a set does not drop the entry',
    edits: [
      edit(
        TWINS,
        "    call('DEL', entryKey)\n    call('SET', leaseKey, lease, 'PX', leaseMs)",
        "    call('SET', leaseKey, lease, 'PX', leaseMs)",
      ),
    ],
  },
  {
    name: 'acquire does not check that the lease is free',
    edits: [
      edit(
        TWINS,
        'const lease = /^[\\w-]+-\\d+$/.test(String(found)) ? found : null',
        'const lease = bears(found, nonce) ? found : null',
      ),
      edit('src/cache/load.ts', 'if (seen.lease !== null && !overdue) return undefined\n', ''),
    ],
  },
  {
    name: 'a failed loader releases any lease',
    focus: 'loads that fail',
    edits: [
      edit(
        TWINS,
        "call('GETRANGE', leaseKey, 0, token.length - 1) === token ? call('PEXPIRE', leaseKey, inMs) : 0",
        "call('PEXPIRE', leaseKey, inMs)",
      ),
    ],
  },
  {
    name: 'a delete is not awaited',
    edits: [
      edit(
        STEPS,
        'await this.#drop(this.#link.cluster ? pairs : [pairs.flat()])',
        'this.#drop(this.#link.cluster ? pairs : [pairs.flat()]).catch(() => undefined)',
      ),
    ],
  },
  {
    name: 'a joiner compares nothing',
    edits: [
      edit(
        FLIGHT,
        "if (this.#phase.kind === 'asking') return true\n",
        'if (this.#phase) return true\n',
      ),
    ],
  },
  {
    name: 'a joiner compares no lease',
    edits: [edit(FLIGHT, 'token === undefined || seen.lease !== token', 'token === undefined')],
  },
  {
    name: 'a joiner compares no soft ids',
    focus: 'soft and hard calls',
    edits: [
      edit(
        FLIGHT,
        'marker === null || stamps.get(segment) !== marker',
        "marker === null || stamps.get(segment)?.split('.')[0] !== marker.split('.')[0]",
      ),
    ],
  },
  {
    name: 'a joiner of a load with late tags does not compare the epoch',
    edits: [
      edit(
        FLIGHT,
        'for (const [segment, marker] of seen.markers) {\n',
        "for (const [segment, marker] of seen.markers) {\n      if (segment === '**') continue\n",
      ),
    ],
  },
  {
    name: 'a joiner treats two missing markers as equal',
    edits: [
      edit(
        FLIGHT,
        'marker === null || stamps.get(segment) !== marker',
        'marker !== null && stamps.get(segment) !== marker',
      ),
    ],
  },
  {
    name: "a joiner gets the leader's stale copy",
    focus: 'loads that fail',
    edits: [
      edit(
        'src/cache/load.ts',
        "flight.land({ kind: 'failed', error })",
        "const stale = { value: previous, shared: true, stored: false, loadMs: 0 }\n    flight.land(previous === undefined ? { kind: 'failed', error } : { kind: 'loaded', value: stale })",
      ),
    ],
  },
  {
    name: 'only the tags that the caller names are checked',
    edits: [
      edit(
        JUDGE,
        'const current = seen.get(segment)\n',
        'if (!seen.has(segment)) continue\n    const current = seen.get(segment)\n',
      ),
      edit(OBSERVE, 'unseen.length === 0\n', 'unseen.length >= 0\n'),
    ],
  },
  {
    name: 'an entry that lacks a declared tag is valid',
    edits: [
      edit(
        JUDGE,
        'declared.some(({ segment }) => !header.stamps.has(segment))',
        'declared.length < 0',
      ),
    ],
  },
  {
    name: 'a late tag is stamped although its namespace was invalidated during the load',
    edits: [
      edit(
        UNDER_LEASE,
        'late.epoch === null || late.epoch !== granted.get(epoch.segment)',
        'late.stamps.size < 0',
      ),
    ],
  },
  {
    name: 'on a cluster, the epoch is dropped last',
    focus: 'late tags on a cluster',
    edits: [
      edit(
        STEPS,
        '    await this.drop([epoch.key])\n    await this.drop(keys)\n',
        '    await this.drop(keys)\n    await this.drop([epoch.key])\n',
      ),
    ],
  },
  {
    name: 'a hard invalidation acts like a soft one',
    edits: [
      edit(
        'src/cache/invalidate.ts',
        "if (mode === 'hard') await ctx.steps.hard",
        "if (mode === ('none' as string)) await ctx.steps.hard",
      ),
    ],
  },
  {
    name: 'a soft invalidation writes back a remembered hard id',
    focus: 'soft and hard calls',
    edits: [
      edit(
        STEPS,
        'export class Steps {',
        'const remembered = new Map<string, string>()\n\nfunction remember(markers: readonly Marker[], found: Found): Found {\n  for (const { segment, key } of markers) {\n    const marker = found.get(segment)\n    if (marker && !remembered.has(key)) remembered.set(key, marker)\n  }\n  return found\n}\n\nexport class Steps {',
      ),
      edit(
        STEPS,
        'lookOf(this.#texts.found(markers, found), own[0]',
        'lookOf(remember(markers, this.#texts.found(markers, found)), own[0]',
      ),
      edit(
        STEPS,
        '  async soft(markers: readonly Marker[], epoch: Marker): Promise<void> {\n',
        "  async soft(markers: readonly Marker[], epoch: Marker): Promise<void> {\n    for (const { key } of markers) {\n      const hard = remembered.get(key)?.split('.')[0]\n      if (hard) await this.#link.send(['SET', key, `${hard}.${randomId()}-1`])\n    }\n",
      ),
    ],
  },
  {
    name: 'marker ids are made by the client',
    focus: 'late copies of loads',
    edits: [edit(TWINS, '`${nonce}-${now}.0`', '`${nonce}-1.0`')],
  },
  {
    name: 'lease tokens are made by the client',
    focus: 'late copies of calls',
    edits: [
      edit(
        TWINS,
        'const token = lease ?? `${nonce}-${now}`',
        'const token = lease ?? `${nonce}-1`',
      ),
    ],
  },
  {
    name: 'a set is one request',
    edits: [
      edit(
        'src/cache/write.ts',
        "policy.consistency === 'relaxed' && ctx.codec.cipher",
        "policy.consistency !== 'relaxed' && ctx.codec.cipher",
      ),
    ],
  },
  {
    name: 'a near copy is dated by the time of the reply',
    focus: 'the lag of a near tier',
    edits: [
      edit(
        OBSERVE,
        'sightOf(ctx, target, policy, moment, look)',
        'sightOf(ctx, target, policy, momentOf(ctx), look)',
      ),
    ],
  },
  {
    name: 'a near copy of a load is dated by the time of its commit',
    edits: [
      edit(
        LOADER,
        'const { provedAt, instant } = admission',
        'const { provedAt } = { provedAt: ctx.platform.now() }\n  const { instant } = { instant: ctx.near?.fence.now ?? 0 }',
      ),
    ],
  },
  {
    name: 'a near copy is stored without a fence',
    focus: 'own calls of a near tier',
    edits: [
      edit(
        OBSERVE,
        'sightOf(ctx, target, policy, moment, look)',
        'sightOf(ctx, target, policy, { ...momentOf(ctx), provedAt: moment.provedAt }, look)',
      ),
    ],
  },
  {
    name: 'a near copy survives a call of its own isolate',
    edits: [
      edit(
        'src/near/near-tier.ts',
        'if (!this.#isAlive(key, kept)) {\n',
        'if (kept.sizeBytes === 0) {\n',
      ),
    ],
  },
  {
    name: 'a near copy is verified by its markers alone',
    edits: [edit(NEAR, 'same && first === prefix', 'same && first !== prefix.repeat(2)')],
  },
  {
    name: 'on a cluster, delete drops entry and lease with two commands',
    focus: 'calls on a cluster',
    edits: [
      edit(
        STEPS,
        'this.#link.cluster ? pairs : [pairs.flat()]',
        'this.#link.cluster ? pairs.flat().map((key) => [key]) : [pairs.flat()]',
      ),
    ],
  },
  {
    name: 'acquire does not check that the entry is the one the caller saw',
    edits: [
      edit(
        TWINS,
        "prefix !== '?' && call('GETRANGE', entryKey, 0, 19) !== prefix",
        "prefix === '!'",
      ),
    ],
    foundBy: 'test/contract/cache/manager-embedded.test.ts',
  },
]
