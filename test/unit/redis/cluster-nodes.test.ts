import { Redis } from 'ioredis'
import { beforeEach, describe, expect, test } from 'vitest'
import { RemoteError } from '../../../src/errors.ts'
import type { Command, RedisResponse, Reply } from '../../../src/redis/requester.ts'
import type { TcpCluster, TcpNode } from '../../../src/redis/tcp/client.ts'
import { keepTimeout } from '../../../src/redis/tcp/cluster-layout.ts'
import { ClusterNodes } from '../../../src/redis/tcp/cluster-nodes.ts'
import { slotOf } from '../../../src/redis/tcp/cluster-slot.ts'
import { TEXT } from '../../../src/redis/tcp/wire.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

/** Keys with the slots 3300, 7365 and 15495, each on a different node. */
const [LOW, MIDDLE, HIGH] = ['b', 'c', 'a'] as const
const PATIENCE_MS = 375
const UNANSWERED = { error: expect.stringMatching(/^NOMASTERLINK /) }

/** The behaviour of a node: answers, loses the connection, stays silent, or refuses. */
type Manner = 'answers' | 'fails' | 'silent' | `${string} ${string}`

/** A node with a settable behaviour, which records the commands it gets. */
class ScriptedNode implements TcpNode {
  readonly options: { readonly host: string; readonly port: number }
  readonly received: string[] = []
  manner: Manner = 'answers'
  readonly #held: (() => void)[] = []

  constructor(port: number) {
    this.options = { host: 'node', port }
  }

  call(name: string, args: (string | number)[]): Promise<unknown> {
    this.received.push([name, ...args].join(' '))
    const reply = name === 'PING' ? 'PONG' : `${this.options.port}:${args[0]}`
    switch (this.manner) {
      case 'answers':
        return Promise.resolve(reply)
      case 'fails':
        return Promise.reject(Object.assign(new Error('lost'), { code: 'ECONNRESET' }))
      case 'silent':
        return new Promise((resolve) => this.#held.push(() => resolve(reply)))
      default:
        if (name === 'PING') return Promise.resolve(reply)
        return Promise.reject(Object.assign(new Error(this.manner), { name: 'ReplyError' }))
    }
  }

  callBuffer(): Promise<unknown> {
    throw new Error('strings are text here')
  }

  duplicate(): never {
    throw new Error('nobody subscribes here')
  }

  /** Answers all outstanding commands, and all later ones. */
  resume(): void {
    this.manner = 'answers'
    for (const answer of this.#held.splice(0)) answer()
  }
}

/** The part of a `Cluster` that is used: three primaries with a third of the slots each. */
function scripted(nodes: readonly ScriptedNode[]) {
  const slots: string[][] = Array.from({ length: 16_384 }, (_, slot) => [
    `node:${Math.min(2, Math.floor(slot / 5_461)) + 1}`,
  ])
  const owner = (name: string, args: (string | number)[]): ScriptedNode | undefined => {
    const slot = slotOf({ name, args }, 'utf8') ?? 0
    return nodes.find(({ options }) => `node:${options.port}` === slots[slot]?.[0])
  }
  const cluster = {
    slots,
    nodes: () => nodes,
    refreshSlotsCache: (done: (error?: Error | null) => void) => done(null),
    call: (name: string, args: (string | number)[]) =>
      owner(name, args)?.call(name, args) ?? Promise.reject(new Error('nobody')),
  }
  return { ...cluster, cluster: cluster as unknown as TcpCluster }
}

describe('the nodes of a cluster', () => {
  let platform: ManualPlatform
  let all: [ScriptedNode, ScriptedNode, ScriptedNode]
  let slots: string[][]
  let nodes: ClusterNodes
  let closing: AbortController

  beforeEach(() => {
    platform = new ManualPlatform()
    all = [new ScriptedNode(1), new ScriptedNode(2), new ScriptedNode(3)]
    const { cluster, slots: known } = scripted(all)
    slots = known
    closing = new AbortController()
    nodes = new ClusterNodes(cluster, { platform, wire: TEXT, closing: closing.signal })
  })

  const ask = (...commands: Command[]): Promise<RedisResponse<Reply>[]> =>
    nodes.ask(
      commands.map(([name, ...args]) => ({ name, args })),
      PATIENCE_MS,
    )
  const get = (...keys: string[]): Promise<RedisResponse<Reply>[]> =>
    ask(...keys.map((key): Command => ['GET', key]))
  /** Takes the first node down: its first failure and its retry. */
  async function loseFirst(): Promise<void> {
    all[0].manner = 'fails'
    await expect(get(LOW)).rejects.toThrow('lost')
    expect(await get(LOW, HIGH)).toEqual([UNANSWERED, { result: '3:a' }])
    all[0].received.length = 0
  }

  test('after the first failure of a node all requests to it reject, so that they can be retried', async () => {
    all[0].manner = 'silent'
    const before = [get(LOW, HIGH), get(LOW)]
    all[0].manner = 'fails'

    await expect(get(LOW, HIGH)).rejects.toMatchObject({ code: 'ECONNRESET' })
    all[0].resume()

    expect(await Promise.all(before)).toMatchObject([
      [{ result: '1:b' }, { result: '3:a' }],
      [{ result: '1:b' }],
    ])
    expect(await get(LOW)).toEqual([{ result: '1:b' }])
  })

  test('a node that fails again counts as down: its commands get an error, others get replies', async () => {
    all[0].manner = 'fails'
    await expect(get(LOW, MIDDLE)).rejects.toThrow('lost')

    expect(await get(LOW, MIDDLE, HIGH)).toEqual([UNANSWERED, { result: '2:c' }, { result: '3:a' }])
  })

  test('a node that is down gets no command until it has answered a probe', async () => {
    await loseFirst()
    const { received } = all[0]

    expect(await get(LOW, HIGH)).toEqual([UNANSWERED, { result: '3:a' }])
    expect(received).toEqual([])
    await platform.advance(500)
    expect(received).toEqual(['PING'])
    expect(await get(LOW, HIGH)).toEqual([UNANSWERED, { result: '3:a' }])

    all[0].manner = 'answers'
    await platform.advance(500)
    expect(await get(LOW, HIGH)).toEqual([{ result: '1:b' }, { result: '3:a' }])
  })

  test('a silent node is waited for once, and is used again after its first late answer', async () => {
    all[0].manner = 'silent'
    const mixed = get(LOW, MIDDLE)
    await platform.advance(PATIENCE_MS + 5)
    expect(await mixed).toEqual([UNANSWERED, { result: '2:c' }])

    // At once: the clock does not advance.
    expect(await get(LOW, HIGH)).toEqual([UNANSWERED, { result: '3:a' }])
    all[0].resume()
    await platform.advance(0)

    expect(await get(LOW)).toEqual([{ result: '1:b' }])
  })

  test('an answer that arrived while the process was blocked counts as in time', async () => {
    all[0].manner = 'silent'
    const late = get(LOW)
    await platform.advance(PATIENCE_MS)

    all[0].resume()

    expect(await late).toEqual([{ result: '1:b' }])
  })

  test('a node that takes over the keys of another serves them', async () => {
    await loseFirst()

    for (const [slot, owners] of slots.entries()) {
      if (owners[0] === 'node:1') slots[slot] = ['node:2']
    }

    expect(await get(LOW)).toEqual([{ result: '2:b' }])
  })

  test('if no node serves, a request rejects with the error of a node', async () => {
    for (const node of all) node.manner = 'fails'
    for (const key of [LOW, MIDDLE, HIGH]) {
      await expect(get(key)).rejects.toMatchObject({ code: 'ECONNRESET' })
    }

    await expect(get(LOW, MIDDLE)).rejects.toMatchObject({ code: 'ECONNRESET' })

    for (const node of all) node.manner = 'answers'
    await platform.advance(500)
    expect(await get(LOW)).toEqual([{ result: '1:b' }])
  })

  test('if all nodes are silent, a request rejects with a timeout', async () => {
    for (const node of all) node.manner = 'silent'
    const failed = expect(get(LOW, MIDDLE, HIGH)).rejects.toMatchObject({ code: 'ETIMEDOUT' })

    await platform.advance(PATIENCE_MS + 5)

    await failed
  })

  test('a refusal of one node is its own answer; if all nodes refuse, the request rejects', async () => {
    const loading = 'LOADING Redis is loading the dataset in memory'
    all[0].manner = loading

    expect(await get(LOW, HIGH)).toEqual([{ error: loading }, { result: '3:a' }])
    expect(await get(LOW)).toEqual([{ error: loading }])

    all[1].manner = loading
    all[2].manner = loading
    expect(await get(MIDDLE)).toEqual([{ error: loading }])
    const failed = get(HIGH)
    await expect(failed).rejects.toBeInstanceOf(RemoteError)
    await expect(failed).rejects.toMatchObject({ reason: 'LOADING', retryable: true })
    all[1].manner = 'answers'
    expect(await get(MIDDLE)).toEqual([{ result: '2:c' }])
    expect(await get(LOW)).toEqual([{ error: loading }])
  })

  test('an error reply to a bad command does not count against its node', async () => {
    all[0].manner = 'WRONGTYPE Operation against a key'

    expect(await get(LOW)).toEqual([{ error: 'WRONGTYPE Operation against a key' }])
    for (const node of all) if (node !== all[0]) node.manner = 'LOADING is what it does'
    await get(MIDDLE)

    expect(await get(HIGH)).toEqual([{ error: 'LOADING is what it does' }])
  })

  test('a command without a key belongs to no node: its first failure rejects the request, later ones only the command', async () => {
    all[0].manner = 'fails'

    await expect(ask(['ECHO', 'x'])).rejects.toThrow('lost')
    expect(await ask(['ECHO', 'x'], ['GET', HIGH])).toEqual([UNANSWERED, { result: '3:a' }])
    all[0].manner = 'answers'

    expect(await ask(['ECHO', 'x'])).toEqual([{ result: '1:x' }])
  })

  test('a command for all nodes is answered at once while one of them is down', async () => {
    all[0].manner = 'silent'
    const first = get(LOW, HIGH)
    await platform.advance(PATIENCE_MS + 5)
    await first

    expect(await ask(['DBSIZE'], ['GET', HIGH])).toEqual([UNANSWERED, { result: '3:a' }])
  })

  test('new connections count as healthy, and a closed one sends no probes', async () => {
    await loseFirst()
    all[0].manner = 'answers'

    nodes.forget()
    expect(await get(LOW)).toEqual([{ result: '1:b' }])

    await loseFirst()
    closing.abort()
    await platform.advance(5_000)
    expect(all[0].received).toEqual([])
  })

  test('without a deadline a silent node is waited for', async () => {
    all[0].manner = 'silent'
    const patient = nodes.ask([{ name: 'GET', args: [LOW] }], undefined)
    await platform.advance(60_000)

    all[0].resume()

    expect(await patient).toEqual([{ result: '1:b' }])
  })
})

test('keepTimeout keeps the socket timeout of a node, but not of its duplicate, which would leave a timer', () => {
  const node = new Redis({ lazyConnect: true, socketTimeout: 10_000 })

  keepTimeout(node)

  expect(node.options.socketTimeout).toBe(10_000)
  expect(node.duplicate().options.socketTimeout).toBeUndefined()
})

describe('the slot of a command', () => {
  test.each<readonly [Command, number | undefined]>([
    // The check value of CRC-16/XMODEM.
    [['GET', '123456789'], 0x31c3],
    [['GET', 'b'], 3_300],
    [['SET', '{b}:x', 'v'], 3_300],
    [['DEL', 'x{b}{c}', '{b}'], 3_300],
    [['EVALSHA', 'f'.repeat(40), 2, '{c}:l', '{c}:e', 'b'], 7_365],
    [['EVAL', 'return 1', 0, 'b'], undefined],
    [['PING'], undefined],
    [['PUBLISH', 'b', 'x'], undefined],
    [['GET'], undefined],
  ])('of %j is %j', ([name, ...args], slot) => {
    expect(slotOf({ name, args }, 'utf8')).toBe(slot)
  })

  test('is computed from the bytes that are sent', () => {
    const key = 'Ã©'

    expect(slotOf({ name: 'GET', args: [key] }, 'latin1')).toBe(
      slotOf({ name: 'GET', args: ['é'] }, 'utf8'),
    )
  })

  test('includes the prefix that the client adds to each key', () => {
    expect(slotOf({ name: 'GET', args: ['6789'] }, 'utf8', '12345')).toBe(0x31c3)
  })
})
