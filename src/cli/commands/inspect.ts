/**
 * `nearcache inspect`: explains what a read of a key would do, and why.
 *
 * @module
 */

import { type InspectedTag, inspectKey } from '../../cache/inspect.ts'
import { isoTime } from '../../entry/iso-time.ts'
import { visible } from '../../entry/visible.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, NAMESPACE_ARG, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { type EntryFacts, type ToldInspection, toldOf } from '../keys/inspection.ts'
import { bytes, type Output, span, type Tone } from '../output.ts'
import { tagList } from '../tag-list.ts'

const TONES: Readonly<Record<ToldInspection['verdict'], Tone>> = {
  fresh: 'good',
  stale: 'warning',
  'stale-if-error': 'warning',
  miss: 'bad',
}

/** The command. */
export const inspectCommand: CliCommand = command({
  name: 'inspect',
  summary:
    'Explain what a read of a key would do, and why: its entry, the markers of its tags, its lease.',
  words: { name: 'KEY', least: 1, most: 1 },
  args: {
    tags: { type: 'string', valueHint: 'A,B', description: 'tags that the read declares' },
    ...NAMESPACE_ARG,
    ...CONNECTION_ARGS,
  },
  notes: [
    'Does not show the value: use nearcache get. NEARCACHE_HASH_SECRET must be that of the cache.',
  ],
  run: (call) =>
    withRedis(call, async ({ namespace, platform }) => {
      const { out, words } = call
      const [key = ''] = words
      const tags = tagList(call.args.tags)
      const found = toldOf(await inspectKey(namespace, key, { tags, payload: 'sealed' }))
      out.result(found, () => linesOf(found, platform.now(), out))
      return 0
    }),
})

function leaseText({ heldForMs, endsInMs }: NonNullable<ToldInspection['lease']>): string {
  const end = endsInMs === null ? 'never expires' : `expires in ${span(endsInMs)} unless renewed`
  return `running for ${span(heldForMs)}, its lease ${end}`
}

function linesOf(found: ToldInspection, now: number, out: Output): string[] {
  const { entry, lease, tags } = found
  const rows = [
    ['name', found.name],
    ...(entry ? entryRows(entry, now) : []),
    ...(lease ? [['load', leaseText(lease)]] : []),
  ]
  return [
    out.paint(TONES[found.verdict], visible(found.explanation)),
    ...out.table(rows, '  '),
    ...(tags.length === 0 ? [] : ['  tags', ...out.table(tags.map(tagRow), '    ')]),
  ]
}

function entryRows(entry: EntryFacts, now: number): string[][] {
  const { createdAt, freshUntil, revalidateUntil, staleUntil, loadMs, sizeBytes } = entry
  const kind = [entry.compressed ? 'compressed' : '', entry.encrypted ? 'encrypted' : ''].filter(
    Boolean,
  )
  return [
    ['stored', `${isoTime(createdAt)}, ${ago(createdAt, now)}, loaded in ${span(loadMs)}`],
    ['fresh', `until ${isoTime(freshUntil)}, ${ahead(freshUntil, now)}`],
    ...(revalidateUntil > freshUntil
      ? [['stale', `until ${isoTime(revalidateUntil)}, ${ahead(revalidateUntil, now)}`]]
      : []),
    ...(staleUntil > revalidateUntil
      ? [['if errors', `until ${isoTime(staleUntil)}, ${ahead(staleUntil, now)}`]]
      : []),
    ['size', [bytes(sizeBytes), ...kind].join(', ')],
    ['expires', entry.expiresInMs === null ? 'never' : `in ${span(entry.expiresInMs)}`],
  ]
}

function tagRow({ tag, kind, state, markedAt }: InspectedTag): string[] {
  const since = markedAt === null ? '' : `, marker of ${isoTime(markedAt)}`
  const words = {
    same: `not invalidated${since}`,
    soft: `soft-invalidated${since}`,
    hard: `invalidated${since}`,
    missing: 'invalidated, or its marker was lost',
    'not carried': 'declared by the read, but not stored with the entry',
  } as const
  return [kind === 'tag' || kind === 'prefix' ? tag : `(${tag})`, words[state]]
}

function ago(at: number, now: number): string {
  return now >= at ? `${span(now - at)} ago` : `${span(at - now)} in the future`
}

function ahead(at: number, now: number): string {
  return at > now ? `in ${span(at - now)}` : `${span(now - at)} ago`
}
