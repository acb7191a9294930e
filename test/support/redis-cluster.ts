/**
 * A Redis Cluster of three primaries on this machine.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** A running cluster. */
export interface RedisCluster {
  /** The initial primaries, in the order of their slots; then as many replicas, if requested. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** Sends a command to one node. */
  send(index: number, name: string, ...args: (string | number)[]): Promise<unknown>
  /**
   * Makes the primaries agree that a slot moves, or has moved. The caller moves its keys. A slot that has just
   * moved should stay: until all nodes know, they may disagree about its owner.
   */
  beginMove(slot: number, from: number, to: number): Promise<void>
  endMove(slot: number, from: number, to: number): Promise<void>
  /** Moves the keys of a slot, while it moves. */
  moveKeys(slot: number, from: number, to: number): Promise<void>
  /** Suspends one node until it is resumed. Its connections stay open. */
  pause(index: number): void
  resume(index: number): void
  /** Kills one node, as a crash would. */
  kill(index: number): Promise<void>
  stop(): Promise<void>
}

/** Options for {@link startRedisCluster}. */
export interface RedisClusterOptions {
  /** Whether each primary has a replica, which takes its place within seconds. @default false */
  readonly replicas?: boolean
  /**
   * After how long a node that does not answer counts as failed. A busy machine may be that slow.
   * @default 15_000
   */
  readonly nodeTimeoutMs?: number
  /** Further options of redis-server, such as `['--requirepass', 'secret']`. @default [] */
  readonly args?: readonly string[]
  /** The password of the default user for the test's own connections, if the nodes need one. @default none */
  readonly password?: string
  /** Paths of certificates: clients and nodes use TLS. @default none */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
}

const SLOTS = 16_384
const PRIMARIES = 3

/** Starts a cluster with the given binary, and waits until all of it serves all slots. */
export async function startRedisCluster(
  binary: string,
  options: RedisClusterOptions = {},
): Promise<RedisCluster> {
  const { replicas = false, password, tls } = options
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-cluster-'))
  const ports: number[] = []
  while (ports.length < (replicas ? 2 : 1) * PRIMARIES) ports.push(await freePort())
  /** The ports for the test's own connections, without TLS. */
  const backdoors = await Promise.all(ports.map((port) => (tls ? listenOnce(0) : port)))
  const children = ports.map((port, i) => launch(binary, port, backdoors[i], folder, options))
  const clients = backdoors.map(
    (port = 0) =>
      new Redis({
        port,
        host: '127.0.0.1',
        maxRetriesPerRequest: null,
        ...(password !== undefined && { password }),
      }),
  )
  for (const client of clients) client.on('error', () => undefined) // until the server is up
  const send: RedisCluster['send'] = async (index, name, ...args) =>
    clients[index]?.call(name, args)
  const idOf = async (index: number): Promise<string> =>
    String(await send(index, 'CLUSTER', 'MYID'))

  const end = async (child: ChildProcess | undefined): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exited
  }
  const stop = async (): Promise<void> => {
    for (const client of clients) client.disconnect()
    await Promise.all(children.map(end))
    rmSync(folder, { recursive: true, force: true })
  }

  /** Rejects when a node exits: at the start, because another process has taken its port. */
  const ended = Promise.race(
    children.map(
      (child) =>
        new Promise<never>((_resolve, reject) =>
          child.once('exit', () => reject(new Error('a node of the cluster has ended'))),
        ),
    ),
  )
  ended.catch(() => undefined) // later, nodes are stopped on purpose
  const form = async (): Promise<void> => {
    for (let i = 0; i < PRIMARIES; i++) {
      const first = Math.ceil((i * SLOTS) / PRIMARIES)
      const last = Math.ceil(((i + 1) * SLOTS) / PRIMARIES) - 1
      await send(i, 'CLUSTER', 'ADDSLOTSRANGE', first, last)
    }
    for (const port of ports.slice(1)) await send(0, 'CLUSTER', 'MEET', '127.0.0.1', port)
    const agreed = new RegExp(
      `state:ok[\\s\\S]*known_nodes:${ports.length}[\\s\\S]*size:${PRIMARIES}`,
    )
    for (const index of ports.keys())
      while (!agreed.test(String(await send(index, 'CLUSTER', 'INFO')))) await delay(20)
    for (let i = PRIMARIES; i < ports.length; i++)
      await send(i, 'CLUSTER', 'REPLICATE', await idOf(i - PRIMARIES))
    for (let i = PRIMARIES; i < ports.length; i++)
      while (!/master_link_status:up/.test(String(await send(i, 'INFO', 'replication'))))
        await delay(20)
  }
  try {
    await Promise.race([form(), ended])
  } catch (error) {
    await stop()
    throw error
  }

  return {
    nodes: ports.map((port) => ({ host: '127.0.0.1', port })),
    send,
    async beginMove(slot, from, to) {
      await send(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from))
      await send(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to))
    },
    async moveKeys(slot, from, to) {
      const keys = (await send(from, 'CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[]
      if (keys.length === 0) return
      const target = ['127.0.0.1', ports[to] ?? 0, '', 0, 5_000, 'KEYS']
      await send(from, 'MIGRATE', ...target, ...keys)
    },
    async endMove(slot, from, to) {
      const owner = await idOf(to)
      const others = [0, 1, 2].filter((index) => index !== to && index !== from)
      for (const index of [to, from, ...others]) {
        await send(index, 'CLUSTER', 'SETSLOT', slot, 'NODE', owner)
      }
    },
    pause(index) {
      children[index]?.kill('SIGSTOP')
    },
    resume(index) {
      children[index]?.kill('SIGCONT')
    },
    kill(index) {
      clients[index]?.disconnect()
      return end(children[index])
    },
    stop,
  }
}

function launch(
  binary: string,
  port: number,
  backdoor = port,
  folder: string,
  { nodeTimeoutMs = 15_000, args = [], tls }: RedisClusterOptions,
): ChildProcess {
  const options = {
    port: backdoor,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    'cluster-enabled': 'yes',
    'cluster-config-file': `nodes-${port}.conf`,
    'cluster-node-timeout': nodeTimeoutMs,
    'cluster-require-full-coverage': 'no',
    'repl-diskless-sync-delay': 0,
    ...(tls && {
      'tls-port': port,
      'tls-cluster': 'yes',
      'tls-replication': 'yes',
      'tls-ca-cert-file': tls.ca,
      'tls-cert-file': tls.cert,
      'tls-key-file': tls.key,
    }),
  }
  const own = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn(binary, [...own, ...args], { stdio: 'ignore' })
  const endWithParent = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', endWithParent)
  child.once('exit', () => process.removeListener('exit', endWithParent))
  return child
}

/** A port whose cluster bus port, 10000 above, is free too. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await listenOnce(0)
    if (port && port < 55_536 && (await listenOnce(port + 10_000))) return port
  }
}

/** Returns the port if it is free; 0 stands for any port. */
async function listenOnce(wanted: number): Promise<number | undefined> {
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(wanted, '127.0.0.1', () => resolve(true))
  })
  if (!isFree) return undefined
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
