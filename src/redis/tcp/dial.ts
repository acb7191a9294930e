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
 * Creates clients with one connection to a random node of the cluster. Every node receives what is published
 * on the others. A connection is closed if its node leaves the cluster, since then it would receive nothing.
 *
 * ioredis has a subscriber connection of its own, but replaces it silently, and without a pause while the
 * connection is refused.
 */
export class NodeDialer {
  readonly #cluster: TcpCluster
  readonly #platform: Platform
  /** The clients that have not ended, with the address of their node. */
  readonly #open = new Map<TcpClient, string>()

  constructor(cluster: TcpCluster, platform: Platform) {
    this.#cluster = cluster
    this.#platform = platform
  }

  /** @throws {Error} When the cluster has no known node. */
  dial(): TcpClient {
    const cluster = this.#cluster
    const primaries = cluster.nodes('master')
    const nodes = primaries.length > 0 ? primaries : cluster.nodes('all')
    const node = nodes[Math.floor(this.#platform.random() * nodes.length)]
    if (!node) throw new Error('The cluster has no node')
    const client = node.duplicate({ ...ONCE, readOnly: false, enableOfflineQueue: false })
    // One listener for all clients: Node warns of a leak if there are more than ten.
    if (this.#open.size === 0) cluster.on('refresh', this.#look)
    this.#open.set(client, addressOf(node))
    client.on('end', () => {
      this.#open.delete(client)
      if (this.#open.size === 0) cluster.off('refresh', this.#look)
    })
    return client
  }

  readonly #look = (): void => {
    const members = new Set(this.#cluster.nodes('all').map(addressOf))
    for (const [client, address] of this.#open) {
      if (!members.has(address)) client.disconnect()
    }
  }
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
