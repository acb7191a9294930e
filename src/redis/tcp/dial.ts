/**
 * Opens single connections in addition to those that a client maintains, and configures reconnects.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { TcpClient, TcpCluster, TcpNode } from './client.ts'
import { addressOf, keepTimeout } from './cluster-layout.ts'
import { asReplyError } from './reply-error.ts'

/** The delay before the next attempt, in milliseconds; at most a second, so that a restored server is soon in use. */
export function backoff(times: number): number {
  return Math.min(50 * 2 ** Math.min(times - 1, 5), 1_000)
}

/**
 * After how much silence the kernel sends a keep-alive packet, in milliseconds. Network devices drop
 * connections that are silent for minutes without a notice; the kernel's default is two hours.
 */
export const KEEP_ALIVE_MS = 30_000

/** Options for a client that connects once. Its creator makes the further attempts. */
export const ONCE: object = {
  lazyConnect: true,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
}

/**
 * A client with one connection to a random node of the cluster. Every node receives what is published on
 * the others. The connection is closed if the node leaves the cluster, since then it would receive nothing.
 *
 * ioredis has a subscriber connection of its own, but replaces it silently, and without a pause while the
 * connection is refused.
 */
export function dialNode(cluster: TcpCluster, platform: Platform): TcpClient {
  const primaries = cluster.nodes('master')
  const nodes = primaries.length > 0 ? primaries : cluster.nodes('all')
  const node = nodes[Math.floor(platform.random() * nodes.length)]
  if (!node) throw new Error('The cluster has no node')
  const client = node.duplicate({ ...ONCE, readOnly: false, enableOfflineQueue: false })
  const look = (): void => {
    const isMember = cluster.nodes('all').some((other) => addressOf(other) === addressOf(node))
    if (!isMember) client.disconnect()
  }
  cluster.on('refresh', look)
  client.on('end', () => cluster.off('refresh', look))
  return client
}

/**
 * Prepares a node for the copies that ioredis makes of it to ask for the slots, and reports their errors. For
 * a copy whose log-in was refused, ioredis itself reports only that the connection was closed.
 */
export function observeNode(node: TcpNode, onError: (problem: unknown) => void): void {
  keepTimeout(node)
  const duplicate = node.duplicate.bind(node)
  node.duplicate = (override) => {
    const copy = duplicate(override)
    copy.on('error', onError)
    return copy
  }
}

/** The method of a client that checks whether its server is ready. */
interface Asked {
  info(done: (error: Error | null | undefined, text?: string) => void): Promise<unknown>
}

/**
 * Makes the ready check fail while the server loads its data, as commands do. ioredis would silently wait
 * until the server has finished.
 */
export function refusedWhileLoading<Client>(client: Client): Client {
  const asked = client as Asked
  const info = asked.info.bind(client)
  asked.info = (done) => info((error, text) => done(error ?? loadingError(text), text))
  return client
}

function loadingError(text = ''): Error | undefined {
  return /^loading:1/m.test(text) ? asReplyError('LOADING') : undefined
}
