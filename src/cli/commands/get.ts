/**
 * `nearcache get`: prints the value of a key, as a read with the given tags would get it.
 *
 * @module
 */

import { inspect as show } from 'node:util'
import { visibleLiteral } from '../../entry/visible.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, NAMESPACE_ARG, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { tagList } from '../tag-list.ts'

/** The command. */
export const getCommand: CliCommand = command({
  name: 'get',
  summary: 'Print the value of a key, if it is fresh.',
  words: { name: 'KEY', least: 1, most: 1 },
  args: {
    tags: { type: 'string', valueHint: 'A,B', description: 'tags that the read declares' },
    ...NAMESPACE_ARG,
    ...CONNECTION_ARGS,
  },
  notes: [
    'Exit code: 0 for a hit, 1 for a miss. To find out why it is a miss: nearcache inspect.',
    'NEARCACHE_HASH_SECRET and NEARCACHE_ENCRYPTION_KEYS (id:secret, …) must be those of the cache.',
  ],
  run: (call) =>
    withRedis(call, async ({ namespace }) => {
      const { out, host, words } = call
      const [key = ''] = words
      const tags = tagList(call.args.tags)
      const { value, outcome } = await namespace.lookup(key, { tags })
      if (outcome.kind === 'miss' && outcome.reason === 'unavailable') throw outcome.error
      const isHit = outcome.kind === 'hit'
      const reason = outcome.kind === 'miss' ? outcome.reason : null
      if (!isHit && !out.isJson) host.warn(`nearcache get: a miss (${reason})`)
      out.result({ key, hit: isHit, reason, value: value ?? null }, () =>
        isHit
          ? [
              visibleLiteral(
                show(value, {
                  depth: null,
                  maxStringLength: null,
                  maxArrayLength: null,
                  colors: out.terminal?.hasColors ?? false,
                }),
              ),
            ]
          : [],
      )
      return isHit ? 0 : 1
    }),
})
