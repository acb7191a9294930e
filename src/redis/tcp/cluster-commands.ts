/**
 * Commands without a key on a Redis Cluster. Each node would answer only for itself, so these commands
 * are sent to all primaries and the replies are merged.
 *
 * @module
 */

import type { Argument, Reply } from '../requester.ts'
import type { TcpCluster } from './client.ts'
import { type ClusterNode, type Layout, layoutOf, renewLayout } from './cluster-layout.ts'
import type { Outgoing } from './commands.ts'
import { asReplyError, unservedSlot } from './reply-error.ts'
import type { Wire } from './wire.ts'

/** Sends a command to all primaries and merges their replies. */
export type Spread = (cluster: TcpCluster, command: Outgoing, wire: Wire) => Promise<Reply>

/** The fields of INFO that are summed over all primaries. Their `_human` forms are removed. */
const SUMMED = ['used_memory', 'used_memory_rss', 'used_memory_dataset', 'maxmemory']

/**
 * How to send a command to all primaries, if it is a command for all.
 *
 * Replies of `DBSIZE` are added, those of `KEYS` joined. `SCAN` goes from node to node. `INFO` is that of the
 * first primary, with used memory and memory limit summed over all. `FLUSHALL`, `FLUSHDB`,
 * `SCRIPT` and `FUNCTION` (`LOAD`, `FLUSH`, `DELETE`, `RESTORE`) run on each primary. `SCRIPT
 * EXISTS` returns 1 if all primaries have the script. If a primary answers with an error, so does the whole.
 *
 * @returns `undefined` for any other command: it goes to the node of its key, or to any node.
 */
export function spreadOf({ name, args }: Outgoing): Spread | undefined {
  return SPREADS.get(name) ?? SPREADS.get(`${name} ${String(args[0]).toUpperCase()}`)
}

const SPREADS: ReadonlyMap<string, Spread> = new Map<string, Spread>([
  ['SCAN', scan],
  ['DBSIZE', async (...sent) => sum(await onAll(...sent))],
  ['KEYS', async (...sent) => (await onAll(...sent)).flatMap((names) => names as Reply[])],
  ['INFO', async (...sent) => mergeInfo((await onAll(...sent)).map(String))],
  ['SCRIPT EXISTS', async (...sent) => onEvery(await onAll(...sent))],
  ...[
    ...['FLUSHALL', 'FLUSHDB', 'SCRIPT LOAD', 'SCRIPT FLUSH'],
    ...['FUNCTION LOAD', 'FUNCTION FLUSH', 'FUNCTION DELETE', 'FUNCTION RESTORE'],
  ].map((name): [string, Spread] => [name, async (...sent) => (await onAll(...sent))[0] ?? null]),
])

/**
 * The replies of all primaries. If the layout is known, the command is written to each at once, so that it
 * keeps its order among the commands to the same node.
 */
async function onAll(cluster: TcpCluster, command: Outgoing, wire: Wire): Promise<Reply[]> {
  const { nodes } = layoutOf(cluster) ?? (await renewLayout(cluster))
  return Promise.all(nodes.map(({ client }) => wire.call(client, command)))
}

function sum(replies: readonly Reply[]): number {
  return replies.reduce<number>((total, reply) => total + Number(reply), 0)
}

function onEvery(replies: readonly Reply[]): Reply {
  const [first, ...others] = replies as readonly number[][]
  return (first ?? []).map((flag, i) => (others.every((flags) => flags[i] === 1) ? flag : 0))
}

function mergeInfo(texts: readonly string[]): string {
  const [first = '', ...others] = texts
  const lines = first.split('\r\n').flatMap((line) => {
    const [field = ''] = line.split(':', 1)
    if (SUMMED.some((name) => field === `${name}_human`)) return []
    if (!SUMMED.includes(field)) return [line]
    const amounts = [first, ...others].map((text) => amountIn(text, field))
    // A limit of 0 means unlimited, and then the whole cluster is unlimited.
    const unlimited = field === 'maxmemory' && amounts.includes(0)
    return [`${field}:${unlimited ? 0 : sum(amounts)}`]
  })
  return lines.join('\r\n')
}

function amountIn(text: string, field: string): number {
  const line = text.split('\r\n').find((other) => other.startsWith(`${field}:`))
  return Number(line?.slice(field.length + 1) ?? 0)
}

/** The position of a scan over the whole cluster. */
interface Position {
  readonly node: ClusterNode
  /** The node's own cursor. */
  readonly inner: string
}

/**
 * One step of a scan over one primary after the other, in the order of their lowest slots.
 *
 * The cursor contains the whole state, so that any connection can continue the scan. It is a decimal number:
 * `inner × 2^46 + layout × 2^14 + slot`, where `slot` is the lowest slot of the current node, `inner` the
 * cursor of that node, and `layout` the 32-bit id of the distribution of slots. If the distribution has
 * changed (a primary failed over or left, slots have moved), the scan starts again, because a node's cursor
 * means nothing to another node; keys may come twice, as with any SCAN. The scan ends only if the distribution
 * at the end is the one it has gone through. It is read from the cluster at the beginning and at the end.
 *
 * A key may be missed while its slot is being moved from a node that is not yet scanned to a node
 * that is.
 */
async function scan(cluster: TcpCluster, { args }: Outgoing, wire: Wire): Promise<Reply> {
  const [cursor = '', ...options] = args
  const isFirst = String(cursor) === '0'
  const known = isFirst ? undefined : layoutOf(cluster)
  const layout = known ?? (await renewLayout(cluster))
  const { node, inner } = positionOf(cursor, layout)
  const [next, keys] = parseStep(
    await wire.call(node.client, { name: 'SCAN', args: [inner, ...options] }),
  )
  return [await cursorAfter(cluster, layout, node, next), keys]
}

async function cursorAfter(
  cluster: TcpCluster,
  layout: Layout,
  node: ClusterNode,
  inner: string,
): Promise<string> {
  if (inner !== '0') return cursorOf(layout, { node, inner })
  const following = layout.nodes[layout.nodes.indexOf(node) + 1]
  if (following) return cursorOf(layout, { node: following, inner })
  const present = await renewLayout(cluster)
  return present.id === layout.id ? '0' : cursorOf(present, { node: firstOf(present), inner })
}

const SLOT_BITS = 14n
const LAYOUT_BITS = 32n

function cursorOf({ id }: Layout, { node, inner }: Position): string {
  return String(
    (((BigInt(inner) << LAYOUT_BITS) | BigInt(id)) << SLOT_BITS) | BigInt(node.firstSlot),
  )
}

function positionOf(cursor: Argument, layout: Layout): Position {
  // Two 64-bit numbers have no more digits than this.
  if (!/^\d{1,39}$/.test(String(cursor))) throw asReplyError('ERR invalid cursor')
  const number = BigInt(cursor)
  const slot = Number(BigInt.asUintN(Number(SLOT_BITS), number))
  const id = Number(BigInt.asUintN(Number(LAYOUT_BITS), number >> SLOT_BITS))
  const node = layout.nodes.find(({ firstSlot }) => firstSlot === slot)
  if (id !== layout.id || !node) return { node: firstOf(layout), inner: '0' }
  return { node, inner: String(number >> (SLOT_BITS + LAYOUT_BITS)) }
}

function firstOf({ nodes }: Layout): ClusterNode {
  const [first] = nodes
  if (!first) throw unservedSlot()
  return first
}

function parseStep(reply: Reply): readonly [string, Reply] {
  const [next, keys = null] = reply as readonly Reply[]
  return [String(next), keys]
}
