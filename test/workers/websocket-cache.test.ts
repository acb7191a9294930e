import { env } from 'cloudflare:workers'
import { durableTransport } from '../../src/redis/durable/index.ts'
import { describeWebSocketCache } from '../contract/websocket/presence-contract.ts'

let tests = 0

/** A new object for each test, that is an empty Redis. */
describeWebSocketCache('a Durable Object, in workerd', () =>
  durableTransport({ namespace: env.REDIS, name: `presence-${tests++}` }),
)
