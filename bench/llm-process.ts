/**
 * The servers of bench/llm.ts, each in its own process: `model`, or `proxy` in front of the model at
 * MODEL_URL, with the Redis at REDIS_URL.
 *
 * @module
 */

import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { RedisCacheManager } from 'nearcache'
import { LLMResponseCache } from 'nearcache/llm'
import { llmProxy } from 'nearcache/llm/proxy'
import { tcpTransport } from 'nearcache/redis/tcp'
import { llmUpstream } from '../test/support/llm-upstream.ts'

/** Delays before the first two messages: a fast model, which then sends all others at once. */
const WAITS_MS = [20, 5]

const [, , role] = process.argv
const { MODEL_URL = '', REDIS_URL = '' } = process.env

function model(): (request: Request) => Response | Promise<Response> {
  const tokens = Array.from({ length: 200 }, (_, i) => ` word${i % 90}`)
  const gate = (message: number): Promise<unknown> => {
    const ms = WAITS_MS[message]
    return ms === undefined ? Promise.resolve() : delay(ms)
  }
  const upstream = llmUpstream({ tokens, gate })
  return (request) => upstream.fetch(request)
}

function proxy(): (request: Request) => Response | Promise<Response> {
  const cache = new RedisCacheManager({ redis: tcpTransport({ url: REDIS_URL }), deadline: '10s' })
  const answers = new LLMResponseCache({ cache })
  return llmProxy({ cache: answers, ollama: MODEL_URL }).fetch
}

const server = serve(
  { fetch: role === 'model' ? model() : proxy(), hostname: '127.0.0.1', port: 0 },
  () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
)
