/**
 * Names the objects, and decides which hub a client uses and which shard lists a channel.
 *
 * @module
 */

/** How many objects share the work. */
export interface PlacementOptions {
  /** Hubs of one app: the expected connections divided by 4,000, plus a reserve. 1 to 1,000. @default 4 */
  readonly hubs?: number
  /** Shards of the list of channels of one app. 1 to 64. @default 4 */
  readonly directories?: number
}

/** The object name of a part of an app: `app/part`. Ids of apps have no slash. */
export function objectName(appId: string, part: string): string {
  return `${appId}/${part}`
}

/** The app and the part of a name. */
export function partsOfName(name: string): { readonly appId: string; readonly part: string } {
  const slash = name.indexOf('/')
  return { appId: name.slice(0, slash), part: name.slice(slash + 1) }
}

/**
 * The hubs for a client, in order of preference. A client always gets the same first hub, and the next ones
 * only if that is full or being drained.
 *
 * @param client The client's own id, or a random text.
 */
export function hubsFor(client: string, hubs: number): string[] {
  const first = hashOf(client) % hubs
  return Array.from({ length: hubs }, (_, place) => String((first + place) % hubs))
}

/** All hubs of an app. */
export function hubNames(hubs: number): string[] {
  return Array.from({ length: hubs }, (_, place) => String(place))
}

/** All shards of the list of an app's channels. */
export function directoryNames(directories: number): string[] {
  return hubNames(directories)
}

/** The shard that lists a channel. */
export function directoryOf(channel: string, directories: number): string {
  return String(hashOf(channel) % directories)
}

/** FNV-1a over UTF-16 units, finished as in MurmurHash3, since the low bits decide. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let place = 0; place < text.length; place++) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
