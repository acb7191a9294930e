/**
 * Tracks the state of each primary of a Redis Cluster, so that while one node is down, the keys of the
 * other nodes are still served.
 *
 * @module
 */

import { settledWithin, TIMED_OUT } from '../../flight/deadline.ts'
import type { Platform } from '../../platform/platform.ts'
import { isOutage, replyError } from '../failure.ts'
import type { RedisRequest, RedisResponse, Reply } from '../requester.ts'
import type { TcpCluster, TcpNode } from './client.ts'
import { spreadOf } from './cluster-commands.ts'
import { addressOf, refreshSlots } from './cluster-layout.ts'
import { slotOf } from './cluster-slot.ts'
import type { Outgoing } from './commands.ts'
import { silenceError } from './connect-error.ts'
import { NodeDialer } from './dial.ts'
import { isReplyError, withoutRedirections } from './reply-error.ts'
import type { Wire } from './wire.ts'

/** Options for {@link ClusterNodes}. */
export interface ClusterNodesOptions {
  readonly platform: Platform
  readonly wire: Wire
  /** Aborted when the connection is closed. */
  readonly closing: AbortSignal
}

/** The answer to a command whose node did not answer. The command may have been applied. */
const UNANSWERED: RedisResponse<never> = Object.freeze({
  error: 'NOMASTERLINK A node of the cluster does not answer',
})

/** The share of a deadline for silent nodes. The rest is left to return the answers of the other nodes in time. */
const PATIENCE = 0.75

/** How long a request waits for silent nodes, in milliseconds; undefined: without limit. */
export function patienceOf({ deadlineMs }: RedisRequest): number | undefined {
  return deadlineMs && deadlineMs * PATIENCE
}

/** If this process was blocked, replies that arrived in the meantime still have to be read. */
const READ_MS = 5

/** The interval of probes: PING to nodes in trouble, and a new read of the slots, in milliseconds. */
const PROBE_MS = 500

/** The address for commands that do not belong to one node: without a key, or for all nodes. */
const NOWHERE = ''

/**
 * The trouble of a node. `suspect`: it has failed once. `away`: no command is sent to it until it has answered
 * a probe. `refusing`: it answers that it cannot serve.
 */
interface Trouble {
  readonly kind: 'suspect' | 'away' | 'refusing'
  readonly error: unknown
}

/** Sends commands to a cluster and keeps the state of its nodes. */
export class ClusterNodes {
  /** Opens further connections to the nodes. */
  readonly dialer: NodeDialer
  readonly #cluster: TcpCluster
  readonly #options: ClusterNodesOptions
  /** By address. A node whose last command succeeded has no entry. */
  readonly #troubles = new Map<string, Trouble>()
  #isProbing = false

  constructor(cluster: TcpCluster, options: ClusterNodesOptions) {
    this.dialer = new NodeDialer(cluster, options.platform)
    this.#cluster = cluster
    this.#options = options
  }

  /**
   * Sends each command to the node of its key, or to all nodes. The order is kept on each node, but not
   * between nodes.
   *
   * When a node fails for the first time, the requests to it reject, so that the guard sends them again. If it
   * fails again, or is silent for too long, it is `away`: each command for it is answered with an error and not
   * sent, until the node has answered a probe.
   *
   * @param patienceMs How long to wait for silent nodes, in milliseconds; undefined: without limit.
   * @throws When a node has just failed, or when no node is left.
   */
  async ask(
    commands: readonly Outgoing[],
    patienceMs: number | undefined,
  ): Promise<RedisResponse<Reply>[]> {
    const answers: RedisResponse<Reply>[] = []
    const asked = Promise.all(
      commands.map(async (command, i) => {
        answers[i] = await this.#askOne(command)
      }),
    )
    const isOpenAfter = async (ms: number): Promise<boolean> =>
      (await settledWithin(this.#options.platform, ms, asked)) === TIMED_OUT
    if (patienceMs === undefined) await asked
    else if ((await isOpenAfter(patienceMs)) && (await isOpenAfter(READ_MS))) {
      commands.forEach((command, i) => {
        answers[i] ??= this.#silent(command)
      })
    }
    if (this.#troubles.size > 0) this.#requireOne(answers)
    return answers
  }

  /** Called after a reconnect: the troubles of the old connections say nothing about the new ones. */
  forget(): void {
    this.#troubles.clear()
  }

  #askOne(command: Outgoing): Promise<RedisResponse<Reply>> {
    const { wire } = this.#options
    const spread = spreadOf(command)
    const before = this.#troubleOf(command)
    if (before?.kind === 'away') return Promise.resolve(UNANSWERED)
    const sent = spread ? spread(this.#cluster, command, wire) : wire.call(this.#cluster, command)
    return sent.then(
      (result) => {
        if (this.#troubles.size > 0) this.#troubles.delete(this.#addressOf(command))
        return { result }
      },
      (error: unknown) => this.#failed(command, before, withoutRedirections(error)),
    )
  }

  /** The trouble of a command's node; for a command for all nodes, that of any node. */
  #troubleOf(command: Outgoing): Trouble | undefined {
    if (this.#troubles.size === 0) return undefined
    if (!spreadOf(command)) return this.#troubles.get(this.#addressOf(command))
    const troubles = [...this.#troubles.values()]
    return troubles.find(({ kind }) => kind === 'away') ?? troubles[0]
  }

  /** The address of the primary that has the command's key, as far as the slots are known. */
  #addressOf(command: Outgoing): string {
    const { encoding } = this.#options.wire
    const slot = slotOf(command, encoding, this.#cluster.options?.keyPrefix)
    return (slot !== undefined && this.#cluster.slots[slot]?.[0]) || NOWHERE
  }

  #failed(command: Outgoing, before: Trouble | undefined, error: unknown): RedisResponse<Reply> {
    const address = this.#addressOf(command)
    if (isReplyError(error)) {
      const refusal = replyError(command.name, error.message)
      if (isOutage(error.message)) this.#troubles.set(address, { kind: 'refusing', error: refusal })
      else this.#troubles.delete(address)
      return { error: error.message }
    }
    this.#book(address, before ? 'away' : 'suspect', error)
    if (!before) throw error
    return UNANSWERED
  }

  #silent(command: Outgoing): RedisResponse<Reply> {
    this.#book(this.#addressOf(command), 'away', silenceError())
    return UNANSWERED
  }

  #book(address: string, kind: 'suspect' | 'away', error: unknown): void {
    const isAway = kind === 'away' || this.#troubles.get(address)?.kind === 'away'
    this.#troubles.set(address, { kind: isAway && address !== NOWHERE ? 'away' : 'suspect', error })
    if (!this.#isProbing) void this.#probe()
  }

  /** @throws The error of a node in trouble, if an answer comes from such a node and no other node is left. */
  #requireOne(answers: readonly RedisResponse<Reply>[]): void {
    const isTroubled = answers.some(
      ({ error }) => error !== undefined && (error === UNANSWERED.error || isOutage(error)),
    )
    const serves = this.#cluster
      .nodes('master')
      .some((node) => !this.#troubles.has(addressOf(node)))
    const [trouble] = this.#troubles.values()
    if (isTroubled && !serves) throw trouble?.error
  }

  /** Checks nodes in trouble until they answer, or the cluster no longer uses them. */
  async #probe(): Promise<void> {
    const { platform, closing } = this.#options
    this.#isProbing = true
    try {
      do {
        await platform.delay(PROBE_MS, closing)
        await this.#look()
      } while ([...this.#troubles.values()].some(({ kind }) => kind !== 'refusing'))
    } catch {
      // The connection was closed.
    } finally {
      this.#isProbing = false
    }
  }

  async #look(): Promise<void> {
    const isKnown = await refreshSlots(this.#cluster).then(
      () => true,
      () => false, // no node answers
    )
    const nodes = new Map(this.#cluster.nodes('all').map((node) => [addressOf(node), node]))
    const looks = [...this.#troubles].map(async ([address, { kind, error }]) => {
      const node = nodes.get(address)
      if (node && kind === 'refusing') return
      const isBack = node ? await this.#answers(node) : isKnown
      if (isBack) this.#troubles.delete(address)
      // A late answer may have removed the trouble in the meantime.
      else if (this.#troubles.has(address)) this.#book(address, 'away', error)
    })
    await Promise.all(looks)
  }

  async #answers(node: TcpNode): Promise<boolean> {
    const { platform, wire } = this.#options
    const ping = wire.call(node, { name: 'PING', args: [] })
    return settledWithin(platform, PROBE_MS, ping).then(
      (reply) => reply !== TIMED_OUT,
      (error: unknown) => isReplyError(error),
    )
  }
}
