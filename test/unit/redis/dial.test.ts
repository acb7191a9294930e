import { EventEmitter } from 'node:events'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TcpCluster } from '../../../src/redis/tcp/client.ts'
import { NodeDialer } from '../../../src/redis/tcp/dial.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'

/** The nodes of a cluster, which are never connected, and the event that follows a refresh of the slots. */
class Members extends EventEmitter {
  primaries: Redis[]
  readonly replicas: Redis[]

  constructor(primaries: Redis[], replicas: Redis[]) {
    super()
    this.primaries = primaries
    this.replicas = replicas
  }

  nodes(role: 'all' | 'master'): Redis[] {
    return role === 'all' ? [...this.primaries, ...this.replicas] : this.primaries
  }
}

function nodeAt(port: number): Redis {
  return new Redis({ host: 'node', port, lazyConnect: true, readOnly: true, password: 'secret' })
}

describe('a connection to any node of a cluster', () => {
  let members: Members
  let cluster: TcpCluster

  beforeEach(() => {
    members = new Members([nodeAt(1), nodeAt(2)], [nodeAt(3)])
    cluster = members as unknown as TcpCluster
  })
  afterEach(() => {
    for (const node of members.nodes('all')) node.disconnect()
  })

  const dial = (random: number): Redis =>
    new NodeDialer(cluster, new ManualPlatform({ random })).dial() as unknown as Redis

  test.each([
    [0, 1],
    [0.99, 2],
  ])('goes to a random primary (%d), with the common password', (random, port) => {
    const { options } = dial(random)

    expect(options).toMatchObject({ host: 'node', port, password: 'secret', readOnly: false })
    expect(options.retryStrategy?.(1)).toBeNull()
  })

  test('goes to a replica if no primary is known', () => {
    members.primaries = []

    expect(dial(0).options.port).toBe(3)
  })

  test('ends when its node leaves the cluster', async () => {
    const client = dial(0)
    members.emit('refresh')
    expect(client.status).toBe('wait')

    members.primaries = members.primaries.slice(1)
    members.emit('refresh')

    await eventually(() => expect(client.status).toBe('end'))
    await eventually(() => expect(members.listenerCount('refresh')).toBe(0))
  })

  test('watches the cluster once for all connections, as Node reports more than ten listeners as a leak', async () => {
    const dialer = new NodeDialer(cluster, new ManualPlatform({ random: 0 }))
    const clients = [dialer.dial(), dialer.dial()]
    expect(members.listenerCount('refresh')).toBe(1)

    clients[0]?.disconnect()
    await eventually(() => expect(clients[0]?.status).toBe('end'))
    members.primaries = members.primaries.slice(1)
    members.emit('refresh')

    await eventually(() => expect(clients[1]?.status).toBe('end'))
    await eventually(() => expect(members.listenerCount('refresh')).toBe(0))
    clients.push(dialer.dial())
    expect(members.listenerCount('refresh')).toBe(1)
  })

  test('throws if there is no node', () => {
    members = new Members([], [])
    cluster = members as unknown as TcpCluster

    expect(() => dial(0)).toThrow('no node')
  })
})
