/**
 * Makes single connections, beside those that a client has and renews.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { TcpClient, TcpCluster, TcpNode } from './client.ts'
import { addressOf, keepTimeout } from './cluster-layout.ts'
import { asReplyError } from './reply-error.ts'

/** How long to wait before the next attempt, in milliseconds: at most a second, so that a server that is back is soon in use again. */
export function backoff(times: number): number {
  return Math.min(50 * 2 ** Math.min(times - 1, 5), 1_000)
}

/**
 * After how long of silence the kernel sends something, in milliseconds. Paths forget connections that are
 * silent for minutes, and say so to nobody; the kernel by itself waits for two hours.
 */
export const KEEP_ALIVE_MS = 30_000

/** Has a client try once: who asked for it tries again. */
export const ONCE: object = {
  lazyConnect: true,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
}

/**
 * A client for one connection to a node of the cluster, any of which hears what is published on the
 * others. It ends as well when the node has left: there it would hear nothing.
 *
 * ioredis has a connection for this, which it replaces without a word, and again and again without a
 * pause while that is refused.
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
 * Prepares a node of which ioredis makes copies, to ask them for the slots, and tells of their errors: of
 * a copy that was not let in ioredis says that it was closed.
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

/** What of a client is asked whether its server is ready. */
interface Asked {
  info(done: (error: Error | null | undefined, text?: string) => void): Promise<unknown>
}

/**
 * Has a server that loads its data refuse the connection, as it refuses commands: ioredis would wait for the
 * end of it in silence.
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
