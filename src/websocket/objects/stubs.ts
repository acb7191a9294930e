/**
 * What the objects ask of one another. Each call is one request to the platform, so there are few.
 *
 * While a new version of the Worker comes in, objects of both talk to one another. So what stands here is
 * added to and never changed: what a version may leave out is optional, and another form has another name.
 *
 * @module
 */

import type { Resume } from '../extensions.ts'
import type { CachedEvent, ChannelAttribute, ChannelInfo } from '../protocol/ports.ts'
import type { HubReport } from './reports.ts'
import type { RosterDiff } from './roster-types.ts'

/** Where a channel's history stands. */
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
      /** The socket that is left out. */
      readonly except: string | undefined
    }
  | {
      readonly kind: 'presence'
      readonly position: ChannelPosition
      readonly diff: RosterDiff
    }
  | { readonly kind: 'subscriptions'; readonly position: ChannelPosition; readonly count: number }

/** What a hub wants to know together with a report, for one socket that subscribes. */
export interface Question {
  /** The user whose snapshot is asked for. */
  readonly user?: string | undefined
  /** Whether the last event is asked for. */
  readonly isCached?: boolean | undefined
  readonly resume?: Resume | undefined
  /** Whether the socket has the extensions, so that history has to be kept from now on. */
  readonly isExtended?: boolean | undefined
}

/** An event of the past, as a frame with its position. */
export interface PastEvent {
  readonly serial: number
  readonly frame: string
}

/** A channel's answer to a report. */
export interface ReportAnswer {
  readonly position: ChannelPosition
  /** Whether the channel has what the hub reported before, and no more; if not, it needs a complete report. */
  readonly isKnown: boolean
  /** The report was refused: the channel has as many users as it may. */
  readonly isFull?: boolean | undefined
  /** `data` of `subscription_succeeded`, as JSON has it between quotes. */
  readonly snapshot?: string | undefined
  /** The last event, or `null` where there is none. */
  readonly last?: PastEvent | null | undefined
  /** What was missed, or `null` where it is not known any more. */
  readonly missed?: readonly PastEvent[] | null | undefined
  /** Users that are present, of those that were asked for. */
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

/** How a hub is doing. */
export interface HubStatus {
  readonly sockets: number
  readonly capacity: number
  readonly channels: number
  readonly state: 'open' | 'draining'
}

/** A hub, as channels and the HTTP API reach it. */
export interface HubStub {
  /** Sends to all subscribers. @returns What the hub has, where that is not what the channel thinks. */
  deliver(channel: string, deliveries: readonly Delivery[]): Promise<HubReport | undefined>
  /** A complete report, by which a channel renews what it knows. */
  inspect(channel: string): Promise<HubReport>
  terminateUser(userId: string): Promise<number>
  status(): Promise<HubStatus>
  /** Sends its sockets elsewhere, spread over a time. 0 opens it again. */
  drain(withinMs: number): Promise<HubStatus>
}

/** A shard of the list of occupied channels. */
export interface DirectoryStub {
  /** `version` rises with each call about a channel; older ones are ignored. */
  note(channel: string, isOccupied: boolean, version: number): Promise<void>
  list(prefix: string): Promise<string[]>
}

/** How the objects of one app reach one another. The stubs of one object are kept, for their order. */
export interface Network {
  hub(name: string): HubStub
  channel(name: string): ChannelStub
  /** The shard that lists a channel. */
  directory(channel: string): DirectoryStub
  shard(name: string): DirectoryStub
}
