/**
 * The primaries of a Redis Cluster and their slots, as ioredis knows them or as the cluster reports them.
 *
 * @module
 */

import { fnv1a } from '../../entry/fnv1a.ts'
import type { TcpCluster, TcpNode } from './client.ts'
import { unservedSlot } from './reply-error.ts'

/** A primary that has slots. */
export interface ClusterNode {
  /** The lowest slot of the node; identifies it within a layout. */
  readonly firstSlot: number
  readonly client: TcpNode
}

/** The distribution of the slots over the primaries. */
export interface Layout {
  /** An integer of 32 bits, above 0. Two different distributions almost never have the same id. */
  readonly id: number
  /** All primaries with slots, in the order of their lowest slots. */
  readonly nodes: readonly ClusterNode[]
}

const SLOTS = 16_384

/**
 * The known layout, at most some seconds old; `undefined` if some slot has no known node, or a primary has
 * no connection: ioredis drops a node whose connection was lost until it next reads the slots.
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
 * Reads the layout from the cluster.
 *
 * @throws {Error} The error of ioredis if no node answers, or CLUSTERDOWN if not all slots are served.
 */
export async function renewLayout(cluster: TcpCluster): Promise<Layout> {
  await refreshSlots(cluster)
  const layout = layoutOf(cluster)
  if (layout) return layout
  throw unservedSlot()
}

/** @throws {Error} The error of ioredis if no node answers. */
export function refreshSlots(cluster: TcpCluster): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    cluster.refreshSlotsCache((error) => (error ? reject(error) : resolve()))
  })
}

/**
 * Prevents copies of a node from inheriting its socket timeout. ioredis copies a node to ask for the slots.
 * That request has a shorter timeout anyway, and nothing would stop the copy's timer.
 */
export function keepTimeout({ options }: Pick<TcpNode, 'options'>): void {
  if ('socketTimeout' in options) {
    Object.defineProperty(options, 'socketTimeout', { enumerable: false })
  }
}

/** A node's address in the form that the slots use. */
export function addressOf({ options: { host, port } }: TcpNode): string {
  return `${host}:${port}`
}
