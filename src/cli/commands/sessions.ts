/**
 * `nearcache sessions`: counts, lists and revokes sessions.
 *
 * @module
 */

import { scan } from '../../cache/scan.ts'
import { isoTime } from '../../entry/iso-time.ts'
import { visible } from '../../entry/visible.ts'
import { type SessionInfo, SessionUserCache } from '../../session/index.ts'
import type { CliCommand } from '../command.ts'
import {
  byVariable,
  CONNECTION_ARGS,
  keysIn,
  type OpenNamespace,
  withRedis,
} from '../connection.ts'
import { type Call, command } from '../define.ts'
import { globOf } from '../keys/names.ts'
import { plural } from '../output.ts'
import { UsageError } from '../usage-error.ts'

const ARGS = {
  namespace: {
    type: 'string',
    valueHint: 'NAME',
    default: 'session',
    description: 'the namespace of the sessions',
  },
  revoke: { type: 'string', valueHint: 'ID', description: 'revoke this session' },
  'revoke-all': { type: 'boolean', description: 'revoke all sessions of the user' },
  ...CONNECTION_ARGS,
} as const

/** The command. */
export const sessionsCommand: CliCommand = command({
  name: 'sessions',
  summary: 'List or revoke the sessions of a user. Without USER, count all sessions.',
  words: { name: 'USER', least: 0, most: 1 },
  args: ARGS,
  notes: [
    'Needs SESSION_KEYS (id:secret, …), the keys of the sessions, to find a user.',
    'A session id is not a secret. Without USER, the whole database is scanned.',
  ],
  run: (call) => {
    const [user] = call.words
    const { revoke, 'revoke-all': all } = call.args
    if (user === undefined && (revoke !== undefined || all)) {
      throw new UsageError('USER is missing: name the user whose sessions to revoke')
    }
    if (revoke !== undefined && all)
      throw new UsageError('--revoke and --revoke-all cannot be used together')
    // Here, `--namespace` is that of the sessions, which is not a namespace of the cache to open.
    const opening = { ...call, args: { ...call.args, namespace: undefined } }
    return withRedis(opening, (connection) =>
      user === undefined ? countAll(call, connection) : ofUser(call, connection, user),
    )
  },
})

async function countAll(
  { out, args }: Call<typeof ARGS>,
  { ctx, prefix }: OpenNamespace,
): Promise<0> {
  const names = new Set<string>()
  const homes = new Set<string>()
  const base = `${prefix}:${args.namespace}:s:`
  for await (const page of scan(ctx.link, `${globOf(base)}*`)) {
    for (const name of page) {
      names.add(name)
      homes.add(name.slice(base.length, name.indexOf('}')))
    }
  }
  out.result({ sessions: names.size, users: homes.size }, () => [
    `${plural(names.size, 'session')} of ${plural(homes.size, 'user')}, including those that ended in the last ten minutes`,
  ])
  return 0
}

async function ofUser(
  { out, host, args }: Call<typeof ARGS>,
  { cache, platform, prefix }: OpenNamespace,
  user: string,
): Promise<0 | 1> {
  const keys = keysIn(host.env, 'SESSION_KEYS')
  if (!keys) throw new UsageError('SESSION_KEYS is not set: it is needed to find a user')
  const { namespace } = args
  const sessions = byVariable(
    () => new SessionUserCache({ redis: cache.redis, keys, platform, prefix, namespace }),
  )
  if (args['revoke-all']) {
    const revoked = await sessions.revokeAll(user)
    out.result({ revoked }, () => [`${plural(revoked, 'session')} revoked`])
    return 0
  }
  if (args.revoke !== undefined) {
    const revoked = await sessions.revokeSession(user, args.revoke)
    out.result({ revoked: revoked ? 1 : 0 }, () => [
      revoked ? 'session revoked' : 'no such session',
    ])
    return revoked ? 0 : 1
  }
  const list = await sessions.listSessions(user)
  out.result({ sessions: list.map(toJson) }, () =>
    list.length === 0
      ? ['no sessions']
      : out.table([
          ['id', 'state', 'last seen', 'expires', 'device'],
          ...list.map(({ id, state, lastSeenAt, expiresAt, device = '-' }) => [
            id,
            state,
            isoTime(lastSeenAt),
            isoTime(expiresAt),
            visible(device),
          ]),
        ]),
  )
  return 0
}

function toJson({ id, state, device, ip, createdAt, lastSeenAt, expiresAt }: SessionInfo): object {
  return { id, state, device: device ?? null, ip: ip ?? null, createdAt, lastSeenAt, expiresAt }
}
