/**
 * What the Worker is told: the environment, as the rest of it reads it.
 *
 * @module
 */

import type { Duration, EncryptionKey } from 'nearcache'
import type { WorkersAI } from 'nearcache/llm'
import type { RedisObject } from './objects/redis-object.ts'
import type { RealtimeSettings } from './realtime.ts'

/** Where the shared tier is. */
export type RedisSettings =
  | { readonly kind: 'upstash'; readonly url: string; readonly token: string }
  | { readonly kind: 'durable'; readonly namespace: DurableObjectNamespace<RedisObject> }

/** How sessions are kept, and who may have one. */
export interface SessionSettings {
  /** The first encrypts, all of them decrypt. */
  readonly keys: readonly EncryptionKey[]
  /** Ids of keys that are given up: what they have made has expired. */
  readonly retiredKeys: readonly string[]
  readonly fastPath: Duration | undefined
  /** A service of the deployment's own, or the demo account. */
  readonly authenticator: Fetcher | 'demo'
}

/** The models behind `/llm`. */
export interface LLMRouteSettings {
  readonly ollama: string | undefined
  readonly openai: string | undefined
  /** Sent to OpenAI in place of the client's credential. */
  readonly openaiKey: string | undefined
  /** Whoever has it may ask; without one everybody who has a credential for OpenAI. */
  readonly token: string | undefined
  /** Questions a minute for each tenant; no limit without it. */
  readonly perMinute: number | undefined
  /** Whether similar questions share answers: `meaning` by Workers AI, `wording` by itself. */
  readonly matching: 'off' | 'wording' | { readonly ai: WorkersAI }
  /** What is asked ahead of the clients. */
  readonly warm: readonly {
    readonly path: string
    readonly body: Readonly<Record<string, unknown>>
  }[]
}

/** What operators may see and do. */
export interface OperationSettings {
  /** Whoever has it may read `/metrics`; without one, who has the admin token. */
  readonly metricsToken: string | undefined
  readonly dashboard: 'operate' | 'read-only' | 'off'
  /** Where alerts are posted, as JSON; nowhere without it. */
  readonly alertWebhook: string | undefined
  /** What a hundred thousand commands of the shared tier cost, in US dollars. */
  readonly pricePer100k: number
}

/** The environment, checked. */
export interface Settings {
  /** `undefined` where no model is named. */
  readonly llm: LLMRouteSettings | undefined
  readonly db: D1Database
  /** Names the deployment; `undefined` without its binding. */
  readonly version: string | undefined
  readonly redis: RedisSettings
  /** Whoever has it may call `/admin`; without one nobody may. */
  readonly adminToken: string | undefined
  /** Whoever has it may read and change mail; without one only requests of this machine. */
  readonly mailToken: string | undefined
  readonly operations: OperationSettings
  /** Off is for measuring what the cache saves. */
  readonly isCached: boolean
  /** How long copies inside an isolate are served unseen; none without it. */
  readonly nearTtl: Duration | undefined
  /** Without it nobody can log in. */
  readonly sessions: SessionSettings | undefined
  /** Without an app there is no realtime. */
  readonly realtime: RealtimeSettings | undefined
}
