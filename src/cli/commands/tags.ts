/**
 * `nearcache tags ls`: lists the tags of a namespace.
 *
 * @module
 */

import { scan } from '../../cache/scan.ts'
import { readSegment } from '../../cache/segment.ts'
import { readablePath } from '../../entry/visible.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, NAMESPACE_ARG, type OpenNamespace, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { globOf } from '../keys/names.ts'
import { surveyEntries } from '../keys/survey.ts'
import { plural } from '../output.ts'
import { UsageError } from '../usage-error.ts'

interface ListedTag {
  readonly tag: string
  readonly kind: 'tag' | 'prefix'
  /** `null` if they were not counted. */
  readonly entries: number | null
}

/** The command. */
export const tagsCommand: CliCommand = command({
  name: 'tags',
  summary: 'List the tags of a namespace that have a marker in Redis.',
  words: { name: 'ls', least: 0, most: 1 },
  args: {
    count: {
      type: 'boolean',
      description: 'count the entries of each tag; reads the header of every entry',
    },
    ...NAMESPACE_ARG,
    ...CONNECTION_ARGS,
  },
  notes: ['Scans the whole database. Hashed tags are shown as hashes.'],
  run: (call) => {
    const [verb = 'ls'] = call.words
    if (verb !== 'ls') throw new UsageError('the only subcommand of tags is ls')
    return withRedis(call, async (connection) => {
      const { out, args } = call
      const tags = await listTags(connection, args.count)
      out.result({ namespace: connection.namespace.path, tags }, () => [
        ...out.table(tags.map(({ tag, entries }) => (entries === null ? [tag] : [tag, entries]))),
        `${plural(tags.length, 'tag')} in ${readablePath(connection.namespace.path)}`,
      ])
      return 0
    })
  },
})

async function listTags({ ctx }: OpenNamespace, count: boolean): Promise<readonly ListedTag[]> {
  const { names, link } = ctx
  const base = names.keyspace.markerKey('')
  const segments = new Set<string>()
  for await (const page of scan(link, `${globOf(base)}*`)) {
    for (const name of page) segments.add(name.slice(base.length))
  }
  const counts = count ? await countEntries(ctx) : undefined
  const read = [...segments].map((segment) => ({ segment, ...readSegment(segment) }))
  return read
    .flatMap(({ segment, kind, text }): ListedTag[] =>
      kind === 'tag' || kind === 'prefix'
        ? [{ tag: text, kind, entries: counts ? (counts.get(segment) ?? 0) : null }]
        : [],
    )
    .sort((a, b) => (b.entries ?? 0) - (a.entries ?? 0) || (a.tag < b.tag ? -1 : 1))
}

async function countEntries({ names, link }: OpenNamespace['ctx']): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const base = names.keyspace.markerKey('').replace(/t:$/, 'e:')
  for await (const entries of surveyEntries(link, `${globOf(base)}*`)) {
    for (const { header } of entries) {
      for (const segment of header?.stamps.keys() ?? []) {
        counts.set(segment, (counts.get(segment) ?? 0) + 1)
      }
    }
  }
  return counts
}
