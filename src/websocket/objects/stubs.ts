/**
 * The calls between the objects. Each call is one request to the platform, so there are few.
 *
 * While a new version of the Worker is deployed, objects of both versions call each other. So these types are
 * only extended, never changed: fields that a version may leave out are optional, and a changed form gets a
 * new name.
 *
 * @module
 */

import type { Resume } from '../extensions.ts'
import type { CachedEvent, ChannelAttribute, ChannelInfo } from '../protocol/ports.ts'
import type { HubReport } from './reports.ts'
import type { RosterDiff } from './roster-types.ts'

/** A position in a channel's history. */
export interface ChannelPosition {
  readonly epoch: string
  readonly serial: number
}

/** What a channel sends to its hubs. */
export type Delivery =
  | {
      readonly kind: 'event'
      readonly position: ChannelPosition
      /** The frame, without the position. */
      readonly frame: string
      /** The socket that does not get the event. */
      readonly except: string | undefined
    }
  | {
      readonly kind: 'presence'
      readonly position: ChannelPosition
      readonly diff: RosterDiff
    }
  | { readonly kind: 'subscriptions'; readonly position: ChannelPosition; readonly count: number }

/** What a hub asks together with a report, for one socket that subscribes. */
export interface Question {
  /** The user whose snapshot is asked for. */
  readonly user?: string | undefined
  /** Whether the last event is asked for. */
  readonly isCached?: boolean | undefined
  readonly resume?: Resume | undefined
  /** Whether the socket has the extensions, so that history has to be kept from now on. */
  readonly isExtended?: boolean | undefined
}

/** A past event, as a frame and its serial. */
export interface PastEvent {
  readonly serial: number
  readonly frame: string
}

/** A channel's answer to a report. */
export interface ReportAnswer {
  readonly position: ChannelPosition
  /** Whether the channel has the hub's earlier reports, and few rows of 0. If not, it needs a complete report. */
  readonly isKnown: boolean
  /** Whether the report was refused because the channel has as many users as it may. */
  readonly isFull?: boolean | undefined
  /** `data` of `subscription_succeeded`, escaped as between the quotes of JSON. */
  readonly snapshot?: string | undefined
  /** The last event, or `null` where there is none. */
  readonly last?: PastEvent | null | undefined
  /** The missed events, or `null` if some are no longer kept. */
  readonly missed?: readonly PastEvent[] | null | undefined
  /** Whether the user that was asked for is present. */
  readonly isPresent?: boolean | undefined
}

/** An event to publish. */
export interface ChannelEvent {
  readonly event: string
  /** A text, or any JSON of a client event. */
  readonly data: unknown
  readonly except?: string | undefined
  /** Set on an event of a client: it is not kept as the last event. */
  readonly client?: { readonly socketId: string; readonly userId: string | undefined } | undefined
}

/** A channel, as hubs and the HTTP API reach it. */
export interface ChannelStub {
  report(report: HubReport, question: Question): Promise<ReportAnswer>
  publish(event: ChannelEvent, info: readonly ChannelAttribute[]): Promise<ChannelInfo>
  update(userId: string, info: string | undefined): Promise<boolean>
  info(attributes: readonly ChannelAttribute[]): Promise<ChannelInfo>
  users(): Promise<string[]>
  lastEvent(): Promise<CachedEvent | undefined>
}

/** The state of a hub. */
export interface HubStatus {
  readonly sockets: number
  readonly capacity: number
  readonly channels: number
  readonly state: 'open' | 'draining'
}

/** A hub, as channels and the HTTP API reach it. */
export interface HubStub {
  /** Sends to all subscribers. @returns A complete report if the hub has no subscribers. */
  deliver(channel: string, deliveries: readonly Delivery[]): Promise<HubReport | undefined>
  /** Asks for a complete report. */
  inspect(channel: string): Promise<HubReport>
  terminateUser(userId: string): Promise<number>
  status(): Promise<HubStatus>
  /**
   * Closes the sockets, spread over a time in milliseconds, so that clients go to other hubs. 0 opens the hub
   * again.
   */
  drain(withinMs: number): Promise<HubStatus>
}

/** A shard of the list of occupied channels. */
export interface DirectoryStub {
  /** `version` rises with each change of a channel; older versions are ignored. */
  note(channel: string, isOccupied: boolean, version: number): Promise<void>
  list(prefix: string): Promise<string[]>
}

/** How the objects of one app reach each other. Callers keep the stub of an object, for the order of calls. */
export interface Network {
  hub(name: string): HubStub
  channel(name: string): ChannelStub
  /** The shard that lists a channel. */
  directory(channel: string): DirectoryStub
  shard(name: string): DirectoryStub
}
