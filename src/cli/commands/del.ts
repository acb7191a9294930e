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
  summary: 'Deletes keys, and the right of loads under way to store them.',
  words: { name: 'KEY', least: 1, most: 1_000 },
  args: {
    'dry-run': { type: 'boolean', description: 'only say which of them have an entry' },
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
          ? `${existing.length} of ${plural(words.length, 'key')} would be deleted; nothing was`
          : `deleted: ${existing.length} of ${plural(words.length, 'key')} had an entry`,
      ])
      return 0
    }),
})
