/**
 * `nearcache migrate`: moves the entries of another cache in.
 *
 * @module
 */

import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, type OpenNamespace, withRedis } from '../connection.ts'
import { type Call, command } from '../define.ts'
import { readInteger, readTime } from '../numbers.ts'
import { plural } from '../output.ts'
import { tagList } from '../tag-list.ts'
import { Mapping, ORIGINAL } from '../upkeep/mapping.ts'
import { Migration, type MigrationReport } from '../upkeep/migration.ts'
import { readOldTags } from '../upkeep/old-tags.ts'
import type { SourceFormat } from '../upkeep/source-value.ts'
import { Tally } from '../upkeep/tally.ts'
import { UsageError } from '../usage-error.ts'

const ARGS = {
  from: {
    type: 'string',
    valueHint: 'TEMPLATE',
    default: ORIGINAL.from,
    description: 'what the keys look like',
  },
  key: {
    type: 'string',
    valueHint: 'TEMPLATE',
    default: ORIGINAL.key,
    description: 'the key that one becomes',
  },
  namespace: {
    type: 'string',
    valueHint: 'TEMPLATE',
    description: 'where it goes: default/{namespace} if --from has it, else default',
  },
  tags: { type: 'string', valueHint: 'A,B', description: 'tags that it gets, templates too' },
  'old-tags': {
    type: 'string',
    valueHint: 'PREFIX',
    default: 'cache:tags:',
    description: 'what the names of sets begin with that hold the keys of a tag; empty for none',
  },
  format: {
    type: 'string',
    valueHint: 'FORMAT',
    default: 'json',
    description: 'json (gzip after "compressed:" too) or text',
  },
  keep: { type: 'boolean', description: 'leave the keys where they are as well' },
  ttl: {
    type: 'string',
    valueHint: 'TIME',
    default: '7d',
    description: 'for keys that have no end',
  },
  batch: {
    type: 'string',
    valueHint: 'NUMBER',
    default: '500',
    description: 'keys a step; 1 to 5000',
  },
  'dry-run': { type: 'boolean', description: 'change nothing, and say what would be' },
  ...CONNECTION_ARGS,
} as const

/** The command. */
export const migrateCommand: CliCommand = command({
  name: 'migrate',
  summary:
    'Moves the entries of another cache in the same Redis into this one, with the time they have left.',
  args: ARGS,
  notes: [
    'TEMPLATE: a name with gaps, such as cache:data:{namespace}:{key}, or app:{tenant}:user:{id} with',
    '--key user:{id} --namespace {tenant} --tags user:{id}.',
    'Ended at any time and run again, with the same options, it goes on: nothing is lost or moved twice.',
    'Exit code: 0, or 1 if it was ended early or keys were left.',
  ],
  run: (call) => {
    const { args } = call
    const isOriginal = args.from.includes('{namespace}')
    const text = {
      from: args.from,
      key: args.key,
      namespace: args.namespace ?? (isOriginal ? ORIGINAL.namespace : 'default'),
      tags: tagList(args.tags),
    }
    const mapping = new Mapping(text)
    const batch = readInteger('batch', args.batch, 1, 5_000)
    const format = formatOf(args.format)
    const endlessMs = readTime('ttl', args.ttl, '1s', '3650d')
    // The namespace is a template, and no name.
    const opening = { ...call, args: { ...args, namespace: undefined } }
    return withRedis(
      opening,
      async (connection) => {
        const { ctx, policy, contextAt, prefix } = connection
        if (ctx.link.cluster) {
          throw new UsageError(
            '--cluster goes not with migrate: a key and its entry are on two nodes',
          )
        }
        const plan = { ...text, format, keep: args.keep }
        const total = (await connection.cache.getStats()).totalKeys ?? 0
        const bar = call.out.progress('Moving', total)
        const report = await new Migration({
          ...{ ctx, policy, contextAt, mapping, format, endlessMs, batch },
          oldTags: await oldTagsOf(call, connection),
          tally: new Tally(ctx.link, prefix, plan),
          keep: args.keep,
          dryRun: args['dry-run'],
          signal: call.host.signal,
          progress: (keys) => bar.update(keys, `${keys} keys`),
        }).run()
        bar.end(report.complete ? 'all keys looked at' : 'ended early')
        call.out.result(report, () => linesOf(report))
        return report.complete && report.busy + report.changed === 0 ? 0 : 1
      },
      'by itself',
    )
  },
})

function oldTagsOf({ args }: Call<typeof ARGS>, { ctx }: OpenNamespace) {
  const beginning = args['old-tags']
  return beginning === '' ? new Map() : readOldTags(ctx.link, beginning)
}

function formatOf(text: string): SourceFormat {
  if (text === 'json' || text === 'text') return text
  throw new UsageError('--format must be json or text')
}

function linesOf(report: MigrationReport): string[] {
  const { dryRun, complete, resumed, moved, present, busy, changed, gone } = report
  const left = (count: number, what: string): string[] =>
    count === 0 ? [] : [`  ${count} ${what}`]
  return [
    ...(resumed
      ? ['Went on where an earlier run was ended; the first two figures are of both.']
      : []),
    dryRun ? `${plural(moved, 'key')} would be moved` : `${plural(moved, 'key')} moved`,
    ...left(present, 'had a newer entry already'),
    ...left(gone, 'ended meanwhile'),
    ...left(busy, 'are being loaded: left, run it again'),
    ...left(changed, 'changed meanwhile: left, run it again'),
    ...left(report.unreadable, 'are not what --format says, or cannot be stored: left'),
    ...left(report.unmatched, 'do not fit --from, or make no key: left'),
    ...(complete ? [] : ['It was ended early: run it again, and it goes on.']),
  ]
}
