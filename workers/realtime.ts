/**
 * Reads the settings of realtime from the environment: the apps, and the number of objects.
 *
 * @module
 */

import { ConfigurationError, isNearcacheError } from 'nearcache'
import {
  type Bindings,
  type Network,
  networkOf,
  type PlacementOptions,
  partsOfName,
} from 'nearcache/websocket/objects'
import { type App, type Apps, createApps, parseApps } from 'nearcache/websocket/protocol'
import type { MirrorEnvironment } from './realtime-mirror.ts'

/** What the Worker and the objects read from the environment. */
export interface RealtimeEnvironment extends MirrorEnvironment {
  /** A JSON list of apps, or `demo`. */
  readonly REALTIME_APPS?: string
  /** Number of hubs of each app. */
  readonly REALTIME_HUBS?: string
  readonly SOCKET_HUBS: Bindings['hubs']
  readonly CHANNELS: Bindings['channels']
  readonly DIRECTORIES: Bindings['directories']
}

/** The settings of realtime. */
export interface RealtimeSettings {
  readonly apps: Apps
  /** Whether it is the demo app, whose secret is public and which works only on localhost. */
  readonly isDemo: boolean
  readonly placement: Required<PlacementOptions>
  readonly bindings: Bindings
}

/** The app of `REALTIME_APPS = "demo"`. Its secret is public. */
const DEMO = createApps([
  {
    id: 'demo',
    key: 'demo-key',
    secret: 'demo-secret-that-everybody-knows',
    clientEvents: 'members',
    subscriptionCounts: 'on',
  },
])

/** Must not change: another number would move channels to other shards. */
const DIRECTORIES = 4

/** Parsed once: the environment does not change during the life of an isolate. */
let settings: { readonly text: string; readonly apps: Apps } | undefined

/**
 * Reads the environment of the objects, and of the Worker if realtime is on.
 *
 * @throws {ConfigurationError} Names the variable, never its value.
 */
export function realtimeOf(env: RealtimeEnvironment): RealtimeSettings {
  const { REALTIME_APPS = '', SOCKET_HUBS, CHANNELS, DIRECTORIES: directories } = env
  const bindings = { hubs: SOCKET_HUBS, channels: CHANNELS, directories }
  const problems = Object.entries({ SOCKET_HUBS, CHANNELS, DIRECTORIES: directories })
    .filter(([, namespace]) => typeof namespace?.idFromName !== 'function')
    .map(([name]) => `${name} must be the binding of a Durable Object class of this Worker`)
  if (problems.length > 0) throw new ConfigurationError(problems)
  if (settings?.text !== REALTIME_APPS)
    settings = { text: REALTIME_APPS, apps: appsOf(REALTIME_APPS) }
  return {
    apps: settings.apps,
    isDemo: REALTIME_APPS === 'demo',
    placement: { hubs: hubsOf(env.REALTIME_HUBS), directories: DIRECTORIES },
    bindings,
  }
}

/** The app and the part that an object belongs to, by its name. */
export function placeOf(
  { id }: { readonly id: { readonly name?: string } },
  env: RealtimeEnvironment,
): { readonly app: App; readonly part: string; readonly network: Network } {
  const { apps, bindings } = realtimeOf(env)
  const { appId, part } = partsOfName(id.name ?? '')
  const app = apps.byId(appId)
  if (!app) throw new ConfigurationError(['REALTIME_APPS must have the app that this object is of'])
  return { app, part, network: networkOf(bindings, appId, DIRECTORIES) }
}

function appsOf(text: string): Apps {
  if (text === 'demo') return DEMO
  if (text === '')
    throw new ConfigurationError(['REALTIME_APPS must be set, while objects of an app exist'])
  try {
    return parseApps(text)
  } catch (error) {
    if (!isNearcacheError(error)) throw error
    throw new ConfigurationError([`REALTIME_APPS is not right: ${error.message}`])
  }
}

function hubsOf(text = ''): number {
  if (text === '') return 4
  const hubs = Number(text)
  if (Number.isInteger(hubs) && hubs >= 1 && hubs <= 1_000) return hubs
  throw new ConfigurationError(['REALTIME_HUBS must be a whole number of 1 to 1000'])
}
