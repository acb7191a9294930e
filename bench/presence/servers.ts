/**
 * Starts the measured servers, each in its own process, and reads their CPU time.
 *
 * @module
 */

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cpuSeconds } from '../processes.ts'
import { bundleWorker, durable, OBJECTS, startDirect } from '../workerd.ts'
import { APP } from './dialect.ts'
import type { LoadOrder, LoadReport } from './load-process.ts'

/** A running server. */
export interface Server {
  readonly name: string
  /** `ws://127.0.0.1:…` */
  readonly origin: string
  readonly dialect: 'pusher' | 'socketIo'
  /** CPU time of its process so far, in seconds. */
  cpu(): number
  stop(): Promise<void>
}

const FOLDER = import.meta.dirname
/** After this, workerd is killed: it does not end by itself while a socket is open. */
const PATIENCE_MS = 5_000

/** Starts the Worker in workerd. @param limits Limits of the app that differ from the defaults. */
export function startOurs(hubs: number, limits: object = {}): Promise<Server> {
  const app = {
    ...APP,
    clientEvents: 'members',
    limits: { clientEventsPerSecond: 1_000, ...limits },
  }
  return startObjects('nearcache', '../../dist/worker/index.js', {
    d1Databases: ['DB'],
    durableObjects: OBJECTS,
    bindings: { REALTIME_APPS: JSON.stringify([app]), REALTIME_HUBS: String(hubs) },
  })
}

/** Starts one Durable Object in workerd that holds all sockets, without nearcache. */
export function startBare(): Promise<Server> {
  const durableObjects = { BARE: durable('BareObject') }
  return startObjects('workerd alone', 'bare-worker.ts', { durableObjects })
}

async function startObjects(name: string, entry: string, options: object): Promise<Server> {
  const script = await bundleWorker({ entryPoints: [join(FOLDER, entry)] })
  const { miniflare, url, pid, cpu } = await startDirect(script, options)
  return {
    name,
    origin: `ws://${url.host}`,
    dialect: 'pusher',
    cpu,
    async stop() {
      const timer = setTimeout(() => pid !== undefined && process.kill(pid, 'SIGKILL'), PATIENCE_MS)
      await miniflare.dispose()
      clearTimeout(timer)
    },
  }
}

/** Starts a Node server on `ws` or socket.io. */
export async function startNode(name: 'ws' | 'socket.io'): Promise<Server> {
  const script = name === 'ws' ? 'ws-process.ts' : 'socketio-process.ts'
  const child = spawn(process.execPath, [join(FOLDER, script)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await portOf(child)
  return {
    name,
    origin: `ws://127.0.0.1:${port}`,
    dialect: name === 'ws' ? 'pusher' : 'socketIo',
    cpu: () => cpuSeconds(child.pid),
    async stop() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function portOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('it has no output')
  for await (const line of createInterface({ input: stdout })) {
    const port = /^ready at (\d+)$/.exec(line)?.[1]
    if (port !== undefined) return port
  }
  throw new Error('a server ended before it was ready')
}

/** The load process. */
export class Load {
  readonly #child: ChildProcess = fork(join(FOLDER, 'load-process.ts'))

  async do(order: LoadOrder): Promise<LoadReport> {
    this.#child.send(order)
    const [report] = (await Promise.race([
      once(this.#child, 'message'),
      once(this.#child, 'exit').then(() => Promise.reject(new Error('the load has ended'))),
    ])) as [LoadReport]
    return report
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}

/** How many sockets workerd can hold: it needs two open files for each. */
export function socketLimit(): number {
  const [, files] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return files === undefined ? Number.POSITIVE_INFINITY : Math.floor((Number(files) - 400) / 2)
}
