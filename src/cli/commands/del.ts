/**
 * `nearcache del`: deletes keys.
 *
 * @module
 */

import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, NAMESPACE_ARG, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { plural } from '../output.ts'

/** The command. */
export const delCommand: CliCommand = command({
  name: 'del',
  summary: 'Delete keys. Loads that are already running cannot store them afterwards.',
  words: { name: 'KEY', least: 1, most: 1_000 },
  args: {
    'dry-run': { type: 'boolean', description: 'only count the keys that have an entry' },
    ...NAMESPACE_ARG,
    ...CONNECTION_ARGS,
  },
  run: (call) =>
    withRedis(call, async ({ namespace, ctx }) => {
      const { out, words, args } = call
      const names = words.map((key) => ctx.names.keyspace.namesOf(key).entry)
      const found = await Promise.all(names.map((name) => ctx.link.send(['EXISTS', name])))
      const existing = words.filter((_, i) => found[i] === 1)
      if (!args['dry-run']) await namespace.delete(...words)
      const facts = { dryRun: args['dry-run'], keys: words.length, existing: existing.length }
      out.result(facts, () => [
        facts.dryRun
          ? `${existing.length} of ${plural(words.length, 'key')} would be deleted (dry run)`
          : `deleted ${plural(words.length, 'key')}, of which ${existing.length} had an entry`,
      ])
      return 0
    }),
})
