/**
 * The settings of the Worker, as read from its environment.
 *
 * @module
 */

import type { Duration, EncryptionKey } from 'nearcache'
import type { WorkersAI } from 'nearcache/llm'
import type { RealtimeSettings } from './realtime.ts'
import type { RedisEnvironment } from './redis.ts'

/** How sessions are kept, and who may have one. */
export interface SessionSettings {
  /** The first key encrypts; all of them decrypt. */
  readonly keys: readonly EncryptionKey[]
  /** Ids of dropped keys. Sessions made with them count as expired. */
  readonly retiredKeys: readonly string[]
  readonly fastPath: Duration | undefined
  /** A service of the deployment, or the demo account. */
  readonly authenticator: Fetcher | 'demo'
}

/** The models behind `/llm`. */
export interface LLMRouteSettings {
  readonly ollama: string | undefined
  readonly openai: string | undefined
  /** Sent to OpenAI in place of the client's credential. */
  readonly openaiKey: string | undefined
  /** Token for questions. Without one, everybody with a credential for OpenAI may ask. */
  readonly token: string | undefined
  /** Questions per minute for each tenant; `undefined` for no limit. */
  readonly perMinute: number | undefined
  /** Whether similar questions share answers: by their wording, or by their meaning with Workers AI. */
  readonly matching: 'off' | 'wording' | { readonly ai: WorkersAI }
  /** Questions that are asked in advance, to warm the cache. */
  readonly warm: readonly {
    readonly path: string
    readonly body: Readonly<Record<string, unknown>>
  }[]
}

/** What operators may see and do. */
export interface OperationSettings {
  /** Token for `/metrics`: by default the admin token. `undefined` closes the route. */
  readonly metricsToken: string | undefined
  readonly dashboard: 'operate' | 'read-only' | 'off'
  /** URL to which alerts are posted as JSON; `undefined` for none. */
  readonly alertWebhook: string | undefined
  /** What a hundred thousand commands of the shared tier cost, in US dollars. */
  readonly pricePer100k: number
}

/** The environment, checked. */
export interface Settings {
  /** `undefined` if no model is configured. */
  readonly llm: LLMRouteSettings | undefined
  readonly db: D1Database
  /** Id of the deployment; `undefined` without its binding. */
  readonly version: string | undefined
  /** Where the shared tier is. */
  readonly redis: RedisEnvironment
  /** Token for `/admin`, which is closed without one. */
  readonly adminToken: string | undefined
  /** Token for the mailbox, which is open only on localhost without one. */
  readonly mailToken: string | undefined
  readonly operations: OperationSettings
  /** Can be switched off to measure what the cache saves. */
  readonly isCached: boolean
  /** How long near copies are served without a check; `undefined` for no near tier. */
  readonly nearTtl: Duration | undefined
  /** If `undefined`, nobody can log in. */
  readonly sessions: SessionSettings | undefined
  /** `undefined` if no app is configured. */
  readonly realtime: RealtimeSettings | undefined
}
