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
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** Ends one node, as a crash would. */
  kill(index: number): Promise<void>
  stop(): Promise<void>
}

const SLOTS = 16_384

/** Starts a cluster with the given binary, and waits until all of it serves all slots. */
export async function startRedisCluster(binary: string): Promise<RedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-cluster-'))
  const ports = [await freePort(), await freePort(), await freePort()]
  const children = ports.map((port) => launch(binary, port, folder))
  const clients = ports.map((port) => new Redis({ port, host: '127.0.0.1' }))
  for (const client of clients) client.on('error', () => undefined) // until the server is up

  await Promise.all(
    clients.map((client, i) => {
      const first = Math.ceil((i * SLOTS) / ports.length)
      const last = Math.ceil(((i + 1) * SLOTS) / ports.length) - 1
      return client.call('CLUSTER', ['ADDSLOTSRANGE', first, last])
    }),
  )
  for (const port of ports.slice(1)) await clients[0]?.call('CLUSTER', ['MEET', '127.0.0.1', port])
  for (const client of clients) {
    while (!/state:ok[\s\S]*size:3/.test(String(await client.call('CLUSTER', ['INFO']))))
      await delay(20)
    client.disconnect()
  }

  const end = async (child: ChildProcess | undefined): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exited
  }
  return {
    nodes: ports.map((port) => ({ host: '127.0.0.1', port })),
    kill: (index) => end(children[index]),
    async stop() {
      await Promise.all(children.map(end))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function launch(binary: string, port: number, folder: string): ChildProcess {
  const options = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    'cluster-enabled': 'yes',
    'cluster-config-file': `nodes-${port}.conf`,
    'cluster-require-full-coverage': 'no',
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  return spawn(binary, args, { stdio: 'ignore' })
}

/** Below 55536, as the nodes talk to each other on the port 10000 above. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    if (port < 55_536) return port
  }
}
