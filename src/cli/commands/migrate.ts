/**
 * `nearcache migrate`: moves the entries of another cache into this one.
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
    description: 'format of the old keys',
  },
  key: {
    type: 'string',
    valueHint: 'TEMPLATE',
    default: ORIGINAL.key,
    description: 'key of the new entry',
  },
  namespace: {
    type: 'string',
    valueHint: 'TEMPLATE',
    description:
      'namespace of the new entry: default/{namespace} if --from has {namespace}, else default',
  },
  tags: {
    type: 'string',
    valueHint: 'A,B',
    description: 'tags of the new entry; can be templates',
  },
  'old-tags': {
    type: 'string',
    valueHint: 'PREFIX',
    default: 'cache:tags:',
    description: 'prefix of the sets that list the keys of each tag; empty for none',
  },
  format: {
    type: 'string',
    valueHint: 'FORMAT',
    default: 'json',
    description: 'format of the old values: json (also gzip after "compressed:") or text',
  },
  keep: { type: 'boolean', description: 'keep the old keys' },
  ttl: {
    type: 'string',
    valueHint: 'TIME',
    default: '7d',
    description: 'lifetime of entries whose old key has no expiry',
  },
  batch: {
    type: 'string',
    valueHint: 'NUMBER',
    default: '500',
    description: 'keys per step; 1 to 5000',
  },
  'dry-run': { type: 'boolean', description: 'only count the keys that would be moved' },
  ...CONNECTION_ARGS,
} as const

/** The command. */
export const migrateCommand: CliCommand = command({
  name: 'migrate',
  summary:
    'Move the entries of another cache in the same Redis into this one, with their remaining lifetime.',
  args: ARGS,
  notes: [
    'TEMPLATE: a name with placeholders, such as cache:data:{namespace}:{key}, or app:{tenant}:user:{id} with',
    '--key user:{id} --namespace {tenant} --tags user:{id}.',
    'You can interrupt it and run it again with the same options: it continues, and nothing is lost or moved twice.',
    'Exit code: 0, or 1 if it was interrupted or keys were left.',
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
    // Here, `--namespace` is a template, not the name of a namespace to open.
    const opening = { ...call, args: { ...args, namespace: undefined } }
    return withRedis(
      opening,
      async (connection) => {
        const { ctx, policy, contextAt, prefix } = connection
        if (ctx.link.cluster) {
          throw new UsageError(
            '--cluster cannot be used with migrate: a key and its entry are on different nodes',
          )
        }
        const plan = { ...text, format, keep: args.keep }
        const total = (await connection.cache.getStats()).totalKeys ?? 0
        const bar = call.out.progress('Moving', total)
        const report = await new Migration({
          ...{ ctx, policy, prefix, contextAt, mapping, format, endlessMs, batch },
          oldTags: await oldTagsOf(call, connection),
          tally: new Tally(ctx.link, prefix, plan),
          keep: args.keep,
          dryRun: args['dry-run'],
          signal: call.host.signal,
          progress: (keys) => bar.update(keys, `${keys} keys`),
        }).run()
        bar.end(report.complete ? 'all keys checked' : 'interrupted')
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
      ? [
          'Continued an interrupted run. Keys that expired or do not match count for this run, all others for all runs.',
        ]
      : []),
    dryRun ? `${plural(moved, 'key')} would be moved` : `${plural(moved, 'key')} moved`,
    ...left(present, 'already had a newer entry'),
    ...left(gone, 'expired during the run'),
    ...left(busy, 'are being loaded and were left: run it again'),
    ...left(changed, 'changed during the run and were left: run it again'),
    ...left(report.unreadable, 'do not match --format or cannot be stored, and were left'),
    ...left(report.unmatched, 'do not match --from or make no valid key, and were left'),
    ...(complete ? [] : ['Interrupted: run it again to continue.']),
  ]
}
