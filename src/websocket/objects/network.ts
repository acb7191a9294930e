/**
 * How the objects of one app reach one another, over the bindings of the Worker.
 *
 * @module
 */

import { directoryOf, objectName } from './placement.ts'
import type { ChannelStub, DirectoryStub, HubStub, Network } from './stubs.ts'

/** The part of a `DurableObjectNamespace` that is used, as a structural type. */
export interface ObjectNamespace<Stub> {
  idFromName(name: string): unknown
  get(id: unknown): Stub
}

/** The bindings of the three classes. */
export interface Bindings {
  readonly hubs: ObjectNamespace<HubStub & { fetch(request: Request): Promise<Response> }>
  readonly channels: ObjectNamespace<ChannelStub>
  readonly directories: ObjectNamespace<DirectoryStub>
}

/** The network of one app. Each call creates a stub; keep it where calls must arrive in order. */
export function networkOf(bindings: Bindings, appId: string, directories: number): Network {
  const stub = <Stub>(namespace: ObjectNamespace<Stub>, part: string): Stub =>
    namespace.get(namespace.idFromName(objectName(appId, part)))
  const shard = (name: string): DirectoryStub => stub(bindings.directories, name)
  return {
    hub: (name) => stub(bindings.hubs, name),
    channel: (name) => stub(bindings.channels, name),
    directory: (channel) => shard(directoryOf(channel, directories)),
    shard,
  }
}
