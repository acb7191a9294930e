/**
 * Which primaries a Redis Cluster has, as ioredis knows it, and as the cluster itself does.
 *
 * @module
 */

import { fnv1a } from '../../entry/fnv1a.ts'
import type { TcpCluster, TcpNode } from './client.ts'
import { unservedSlot } from './reply-error.ts'

/** A primary that has slots. */
export interface ClusterNode {
  /** The lowest slot it has: what it is known by among the others. */
  readonly firstSlot: number
  readonly client: TcpNode
}

/** How the slots lie on the primaries. */
export interface Layout {
  /** A whole number of 32 bits, above 0; another one for nearly every other distribution. */
  readonly id: number
  /** All primaries with slots, by their lowest slot. */
  readonly nodes: readonly ClusterNode[]
}

const SLOTS = 16_384

/**
 * The layout as it is known, at most some seconds old; `undefined` if a slot is not known to be
 * served, or a primary has no connection: ioredis forgets one that was lost until it looks again.
 */
export function layoutOf(cluster: TcpCluster): Layout | undefined {
  const clients = new Map(cluster.nodes('all').map((client) => [addressOf(client), client]))
  const nodes = new Map<string, ClusterNode>()
  let id = fnv1a('')
  let before: string | undefined
  for (let slot = 0; slot < SLOTS; slot++) {
    const address = cluster.slots[slot]?.[0]
    if (address === before && address !== undefined) continue
    const client = clients.get(address ?? '')
    if (address === undefined || client === undefined) return undefined
    before = address
    id = fnv1a(`${slot}=${address} `, id)
    if (!nodes.has(address)) nodes.set(address, { firstSlot: slot, client })
  }
  return { id: id || 1, nodes: [...nodes.values()] }
}

/**
 * Asks the cluster, and returns what it says.
 *
 * @throws {Error} What ioredis fails with when no node answers, and when not all slots are served.
 */
export async function renewLayout(cluster: TcpCluster): Promise<Layout> {
  await refreshSlots(cluster)
  const layout = layoutOf(cluster)
  if (layout) return layout
  throw unservedSlot()
}

/** @throws {Error} What ioredis fails with when no node answers. */
export function refreshSlots(cluster: TcpCluster): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    cluster.refreshSlotsCache((error) => (error ? reject(error) : resolve()))
  })
}

/**
 * Keeps the timeout of a node from its copies. ioredis makes one to ask for the slots, which waits for
 * less anyway, and whose timer nobody would stop.
 */
export function keepTimeout({ options }: Pick<TcpNode, 'options'>): void {
  if ('socketTimeout' in options) {
    Object.defineProperty(options, 'socketTimeout', { enumerable: false })
  }
}

/** A node's address, as the slots name it. */
export function addressOf({ options: { host, port } }: TcpNode): string {
  return `${host}:${port}`
}
