/**
 * JavaScript twins of the presence scripts, for the embedded engine. A differential test compares them
 * with a real Redis.
 *
 * @module
 */

import type { Reply } from '../../requester.ts'
import * as scripts from '../../scripts/presence.ts'
import * as reads from '../../scripts/presence-reads.ts'
import type { Call, ScriptTwin, TwinBody } from '../scripting.ts'
import { Home, type Known } from './presence-home.ts'
import { texts } from './user.ts'

const open: TwinBody = (call, [homeKey = ''], args) => {
  const [conn = '', write = '', user = '', about = '', node = '', lease, payload = ''] = args
  const [life = 0, mostOfUser = 0, mostInRoom = 0] = args.slice(7, 10).map(Number)
  const home = new Home(call, homeKey)
  const key = home.key('c', conn)
  const known = home.alive(conn)
  const [latest = null, before = null] = texts(call('HMGET', key, 'v', 'w'))
  if (latest === write) return known ? 1 : 0
  if (before === write) return 0
  const rooms = triples(args.slice(10))
  const refusal = refusalOf(home, conn, [user, mostOfUser], [rooms, mostInRoom])
  if (refusal) return refusal
  if (known) home.drop(conn, known)
  const now = String(home.now)
  const at = home.now + Number(lease)
  call('DEL', key)
  const fields = [
    'v',
    write,
    'w',
    latest ?? '',
    'u',
    user,
    'b',
    about,
    'n',
    node,
    'd',
    payload,
    't',
    now,
    'a',
    now,
  ]
  call('HSET', key, ...fields, 'x', String(at))
  call('PEXPIREAT', key, String(at))
  home.forget(home.key('n', node))
  home.index(home.key('n', node), at, conn)
  home.holds(node, at)
  if (user !== '') {
    home.index(home.key('u', user), at, conn)
    home.seen(user, life)
    call('HSET', home.key('p', user), 'i', about)
  }
  for (const room of rooms) home.enter(conn, room, user, at)
  return 1
}

function refusalOf(
  home: Home,
  conn: string,
  [user, mostOfUser]: readonly [string, number],
  [rooms, mostInRoom]: readonly [readonly (readonly string[])[], number],
): string | undefined {
  const others = (key: string): number => Number(home.call('ZCARD', key)) - home.isIn(key, conn)
  if (user !== '') {
    home.forget(home.key('u', user))
    if (others(home.key('u', user)) >= mostOfUser) return 'connections'
  }
  for (const [room = ''] of rooms) {
    home.prune(room)
    if (others(home.key('m', room)) >= mostInRoom) return 'members'
  }
  return undefined
}

function triples(args: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(args.length / 3) }, (_, i) => args.slice(3 * i, 3 * i + 3))
}

const active: TwinBody = (call, [homeKey = ''], [lease = '', life = '', ...conns]) => {
  const home = new Home(call, homeKey)
  return conns.map((conn) => {
    const known = home.alive(conn)
    if (known) prolong(home, conn, known, [Number(lease), Number(life)])
    return known ? 1 : 0
  })
}

function prolong(
  home: Home,
  conn: string,
  { at: before, user, node }: Known,
  [lease, life]: readonly [number, number],
): void {
  const { call, now } = home
  const at = Math.max(before, now + lease)
  call('HSET', home.key('c', conn), 'a', String(now), 'x', String(at))
  call('PEXPIREAT', home.key('c', conn), String(at))
  home.index(home.key('n', node), at, conn)
  home.holds(node, at)
  if (user !== '') {
    home.index(home.key('u', user), at, conn)
    home.seen(user, life)
  }
  for (const room of home.rooms(conn)) {
    home.index(home.key('m', room), at, conn)
    if (user !== '') home.settle(room, user)
  }
}

const close: TwinBody = (call, [homeKey = ''], [remember = '', life = '', ...conns]) => {
  const home = new Home(call, homeKey)
  let count = 0
  for (const conn of conns) {
    const known = home.alive(conn)
    if (!known) continue
    home.close(conn, known, Number(life), Number(remember))
    count++
  }
  return count
}

const drain: TwinBody = (call, [homeKey = ''], [remember, life, name = '', most]) => {
  const home = new Home(call, homeKey)
  const node = home.key('n', name)
  home.forget(node)
  const live = texts(call('ZRANGE', node, 0, String(Number(most) - 1))) as readonly string[]
  for (const conn of live) {
    const known = home.alive(conn)
    if (known) home.close(conn, known, Number(life), Number(remember))
    call('ZREM', node, conn)
  }
  if (call('EXISTS', node) === 0) call('ZREM', home.nodes, name)
  return live.length
}

const join: TwinBody = (call, [homeKey = ''], args) => {
  const [conn = '', room = '', about = '', user = '', aboutUser = '', info = '', life] = args
  const home = new Home(call, homeKey)
  const known = home.alive(conn)
  if (!known) return 0
  if (user !== '' && known.user !== '' && user !== known.user) return 'user'
  const claims = user !== '' && known.user === ''
  if (claims) {
    home.forget(home.key('u', user))
    if (Number(call('ZCARD', home.key('u', user))) >= Number(args[7])) return 'connections'
  }
  home.prune(room)
  const was = home.isIn(home.key('m', room), conn)
  const full = was === 0 && tooMany(home, conn, room, args)
  if (full) return full
  if (claims) claim(home, conn, [user, aboutUser], known.at)
  if (user !== '') {
    home.seen(user, Number(life))
    call('HSET', home.key('p', user), 'i', aboutUser)
  }
  home.enter(conn, [room, about, info], claims ? user : known.user, known.at)
  return 1 + was
}

function tooMany(
  home: Home,
  conn: string,
  room: string,
  args: readonly string[],
): string | undefined {
  if (home.rooms(conn).length >= Number(args[8])) return 'rooms'
  const count = Number(home.call('ZCARD', home.key('m', room)))
  return count >= Number(args[9]) ? 'members' : undefined
}

function claim(home: Home, conn: string, [user = '', about = '']: string[], at: number): void {
  home.call('HSET', home.key('c', conn), 'u', user, 'b', about)
  home.index(home.key('u', user), at, conn)
  for (const other of home.rooms(conn)) home.settle(other, user)
}

const leave: TwinBody = (call, [homeKey = ''], [conn = '', room = '']) => {
  const home = new Home(call, homeKey)
  const known = home.alive(conn)
  return known ? home.leave(conn, room, known.user) : 0
}

const connections: TwinBody = (call, [homeKey = ''], conns) => {
  const home = new Home(call, homeKey)
  return conns.map((conn) => {
    const key = home.key('c', conn)
    return Number(call('HGET', key, 'x') ?? 0) > home.now ? call('HGETALL', key) : []
  })
}

const list: TwinBody = (call, [homeKey = ''], [kind = '', name = '', most = '']) => {
  const home = new Home(call, homeKey)
  const key = home.key(kind, name)
  const live = home.live(key, 'LIMIT', '0', most)
  return [home.count(key), live.map((conn) => call('HGETALL', home.key('c', conn)))]
}

function userRow(home: Home, user: string): Reply {
  const fields = texts(home.call('HMGET', home.key('p', user), 'i', 'l', 's', 'd', 't', 'q'))
  const [about, seen, status, data, since, ends] = fields.map((text) => text ?? '')
  const isOver = ends !== '' && ends !== '0' && Number(ends) <= home.now
  const said = isOver ? ['', '', ''] : [status, data, since]
  return [home.count(home.key('u', user)), about, seen, ...said] as Reply
}

const users: TwinBody = (call, [homeKey = ''], names) => {
  const home = new Home(call, homeKey)
  return names.map((user) => userRow(home, user))
}

const room: TwinBody = (call, [homeKey = ''], [name = '', most = '']) => {
  const home = new Home(call, homeKey)
  const here = home.key('w', name)
  const rows = home
    .live(here, 'LIMIT', '0', most)
    .map((user) => [
      user,
      userRow(home, user),
      call('HGET', home.key('i', name), user) ?? '',
    ]) as Reply
  return [home.count(home.key('m', name)), home.count(here), rows]
}

const nodes: TwinBody = (call, [homeKey = '']) => {
  const home = new Home(call, homeKey)
  home.forget(home.nodes)
  const names = texts(call('ZRANGE', home.nodes, 0, -1)) as readonly string[]
  return names
    .map((node) => [node, home.count(home.key('n', node))] as const)
    .filter(([, count]) => count > 0)
    .flat()
}

const status: TwinBody = (call, [homeKey = ''], args) => {
  const [user = '', about = '', word = '', data = '', holds = '', remembered = ''] = args
  const home = new Home(call, homeKey)
  const key = home.key('p', user)
  const ends = holds === '0' ? '0' : String(home.now + Number(holds))
  call('HSET', key, 'i', about)
  if (word === '') call('HDEL', key, 's', 'd', 't', 'q')
  else call('HSET', key, 's', word, 'd', data, 't', String(home.now), 'q', ends)
  const life = Math.max(Number(holds), Number(remembered))
  if (Number(call('PTTL', key)) < life) call('PEXPIRE', key, String(life))
  return userRow(home, user)
}

const event: TwinBody = (call: Call, [homeKey = ''], args) => {
  const [channel = '', payload = '', epoch = '', serial = '', ttl = ''] = args
  const key = `${homeKey}:e:${channel}`
  const [knownEpoch, knownSerial] = texts(call('HMGET', key, 'k', 'o'))
  if (epoch !== '' && knownEpoch === epoch && Number(knownSerial) >= Number(serial)) return 0
  call('HSET', key, 'd', payload, 'k', epoch, 'o', serial)
  call('PEXPIRE', key, ttl)
  return 1
}

/** The twins for `WebSocketCache` of `nearcache/websocket`. Engines have them by default. */
export const PRESENCE_TWINS: readonly ScriptTwin[] = [
  { sha1: scripts.WS_OPEN.sha1, run: open },
  { sha1: scripts.WS_ACTIVE.sha1, run: active },
  { sha1: scripts.WS_CLOSE.sha1, run: close },
  { sha1: scripts.WS_DRAIN.sha1, run: drain },
  { sha1: scripts.WS_JOIN.sha1, run: join },
  { sha1: scripts.WS_LEAVE.sha1, run: leave },
  { sha1: reads.WS_CONNECTIONS.sha1, run: connections },
  { sha1: reads.WS_LIST.sha1, run: list },
  { sha1: reads.WS_USERS.sha1, run: users },
  { sha1: reads.WS_ROOM.sha1, run: room },
  { sha1: reads.WS_NODES.sha1, run: nodes },
  { sha1: reads.WS_STATUS.sha1, run: status },
  { sha1: reads.WS_EVENT.sha1, run: event },
]
