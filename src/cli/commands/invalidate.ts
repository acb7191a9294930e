/**
 * `nearcache invalidate`: invalidates by tags, by a key pattern, or a whole namespace.
 *
 * @module
 */

import { compilePattern } from '../../entry/pattern.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, NAMESPACE_ARG, type OpenNamespace, withRedis } from '../connection.ts'
import { type Call, command } from '../define.ts'
import { globOf } from '../keys/names.ts'
import { surveyEntries } from '../keys/survey.ts'
import { plural } from '../output.ts'
import { UsageError } from '../usage-error.ts'

const ARGS = {
  pattern: {
    type: 'string',
    valueHint: 'PATTERN',
    description: 'keys that match: * is any text, ? one character',
  },
  all: { type: 'boolean', description: 'everything in the namespace and the namespaces inside it' },
  soft: {
    type: 'boolean',
    description: 'with tags: entries may be served stale while they are refreshed',
  },
  'dry-run': { type: 'boolean', description: 'only count the entries that would be invalidated' },
  ...NAMESPACE_ARG,
  ...CONNECTION_ARGS,
} as const

/** What is to be invalidated. */
type Aim =
  | { readonly kind: 'tags'; readonly tags: readonly string[] }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'all' }

const DONE = {
  tags: 'all entries with one of these tags',
  pattern: 'all entries whose keys match',
  all: 'all entries in the namespace',
} as const

/** The command. */
export const invalidateCommand: CliCommand = command({
  name: 'invalidate',
  summary:
    'Invalidate all entries with one of these tags, all keys that match a pattern, or a namespace.',
  words: { name: 'TAG', least: 0, most: 64 },
  args: ARGS,
  notes: [
    'Separate tags by spaces, at most 64: invalidate org:7 user:3. A comma is part of a tag.',
    '--dry-run reads the headers of all entries in the namespace. --pattern scans the database twice.',
  ],
  run: (call) => {
    const aim = aimOf(call)
    return withRedis(call, async (connection) => {
      const { out, args } = call
      const isDry = args['dry-run']
      const entries = isDry ? await countAimed(connection, aim) : null
      if (!isDry) await invalidate(connection, aim, args.soft ? 'soft' : 'hard')
      const mode = args.soft ? 'soft' : 'hard'
      out.result({ dryRun: isDry, by: aim.kind, mode, entries }, () => [
        isDry
          ? `${plural(entries ?? 0, 'entry', 'entries')} would be invalidated (dry run)`
          : `${mode === 'soft' ? 'marked as stale' : 'invalidated'}: ${DONE[aim.kind]}`,
      ])
      return 0
    })
  },
})

function aimOf({ words, args }: Call<typeof ARGS>): Aim {
  const aims: Aim[] = [
    ...(words.length > 0 ? [{ kind: 'tags' as const, tags: words }] : []),
    ...(args.pattern === undefined ? [] : [{ kind: 'pattern' as const, pattern: args.pattern }]),
    ...(args.all ? [{ kind: 'all' as const }] : []),
  ]
  const [aim, another] = aims
  if (!aim || another) throw new UsageError('give either tags, or --pattern, or --all')
  if (args.soft && aim.kind !== 'tags') throw new UsageError('--soft works only with tags')
  return aim
}

function invalidate({ namespace }: OpenNamespace, aim: Aim, mode: 'hard' | 'soft'): Promise<void> {
  switch (aim.kind) {
    case 'tags':
      return namespace.invalidateTags(aim.tags, { mode })
    case 'pattern':
      return namespace.invalidatePattern(aim.pattern)
    case 'all':
      return namespace.clear()
  }
}

async function countAimed({ ctx }: OpenNamespace, aim: Aim): Promise<number> {
  const { names, link } = ctx
  const base = names.keyspace.markerKey('').replace(/:t:$/, '')
  // Entries of nested namespaces carry the marker of this namespace too. Their names have a longer path.
  const globs = [`${globOf(base)}:e:*`, ...(aim.kind === 'all' ? [`${globOf(base)}/*:e:*`] : [])]
  const isMet = meeting(ctx, aim)
  let count = 0
  for (const glob of globs) {
    for await (const entries of surveyEntries(link, glob)) {
      count += entries.filter(({ name, header }) => isMet(name, header?.stamps)).length
    }
  }
  return count
}

function meeting(
  { names }: OpenNamespace['ctx'],
  aim: Aim,
): (name: string, stamps: ReadonlyMap<string, string> | undefined) => boolean {
  switch (aim.kind) {
    case 'tags': {
      const segments = aim.tags.map((tag) => names.tag(tag).segment)
      return (_name, stamps) => segments.some((segment) => stamps?.has(segment))
    }
    case 'pattern': {
      const matches = compilePattern(aim.pattern)
      return (name) => {
        const key = names.keyspace.keyOf(name)
        return key !== undefined && matches(key)
      }
    }
    case 'all':
      return () => true
  }
}
