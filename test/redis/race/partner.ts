/**
 * Starts the other process of a race, and communicates with it.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { CrowdOrder, CrowdResult, Order, ReadOrder, Report, Way } from './protocol.ts'

const SCRIPT = fileURLToPath(new URL('other-process.ts', import.meta.url))
/** Node before 22.18 strips types only with this flag. */
const NODE_OPTIONS = ['--experimental-strip-types', '--no-warnings']

/** A read that the other process has begun. */
export interface RemoteRead<Result = unknown> {
  /** Resolves when its loader is called. */
  readonly called: Promise<void>
  /** Resolves when the reads of a crowd have begun and wait for their loader or for another process. */
  readonly begun: Promise<void>
  readonly value: Promise<Result>
  readonly loads: number
  /** Lets its held loader return. */
  release(): void
}

interface Pending {
  readonly begun: PromiseWithResolvers<void>
  readonly called: PromiseWithResolvers<void>
  readonly value: PromiseWithResolvers<unknown>
  loads: number
}

/** Another process with a cache of its own on the same Redis. */
export class Partner {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, Pending>()
  #nextId = 0

  constructor(child: ChildProcess) {
    this.#child = child
  }

  /**
   * Starts the process, and waits until it is connected to Redis.
   *
   * @param clockOffsetMs How far its clock is ahead of the machine's.
   */
  static async start(way: Way, clockOffsetMs = 0): Promise<Partner> {
    const args = [JSON.stringify(way), String(clockOffsetMs)]
    const child = fork(SCRIPT, args, { execArgv: NODE_OPTIONS })
    const partner = new Partner(child)
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the other process ended with ${code}`)))
      child.on('message', (report: Report) => {
        if (report.kind === 'ready') resolve()
        else partner.#hear(report)
      })
    })
    return partner
  }

  /** Begins a `getOrSet`. */
  read(order: Omit<ReadOrder, 'kind' | 'id'>): RemoteRead {
    return this.#begin((id) => ({ ...order, kind: 'read', id }))
  }

  /** Begins many reads of one key. */
  crowd(order: Omit<CrowdOrder, 'kind' | 'id'>): RemoteRead<CrowdResult> {
    return this.#begin((id) => ({ ...order, kind: 'crowd', id })) as RemoteRead<CrowdResult>
  }

  #begin(orderOf: (id: number) => Order): RemoteRead {
    const id = this.#nextId++
    const pending = this.#expect(id)
    this.#send(orderOf(id))
    return {
      called: pending.called.promise,
      begun: pending.begun.promise,
      value: pending.value.promise,
      get loads() {
        return pending.loads
      },
      release: () => this.#send({ kind: 'release', id }),
    }
  }

  /** The result of `get` in the other process. */
  get(key: string): Promise<unknown> {
    const id = this.#nextId++
    const { value } = this.#expect(id)
    this.#send({ kind: 'get', id, key })
    return value.promise
  }

  /** Kills the process, like a crash. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await gone
  }

  #expect(id: number): Pending {
    const pending = {
      begun: Promise.withResolvers<void>(),
      called: Promise.withResolvers<void>(),
      value: Promise.withResolvers<unknown>(),
      loads: 0,
    }
    this.#pending.set(id, pending)
    return pending
  }

  #hear(report: Exclude<Report, { kind: 'ready' }>): void {
    const pending = this.#pending.get(report.id)
    if (!pending) return
    if (report.kind === 'begun') pending.begun.resolve()
    else if (report.kind === 'loading') {
      pending.loads++
      pending.called.resolve()
    } else if (report.error === undefined) pending.value.resolve(report.value)
    else pending.value.reject(new Error(report.error))
  }

  #send(order: Order): void {
    this.#child.send(order)
  }
}
