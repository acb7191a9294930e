/**
 * What sockets cost: joins, events to all, and presence. Compares the Worker in workerd with Node servers on
 * `ws` and socket.io, which do the same work in the same run.
 *
 * @module
 */

import { median, type Report, type Table, type Target } from '../measure.ts'
import { Load, type Server, socketLimit, startBare, startNode, startOurs } from './servers.ts'

const ROUNDS = 3
/** Events to all sockets in a round. */
const EVENTS = 15
const ROOMS = [1_000, 5_000] as const
const MEMBERS = 1_000
const MANY = Math.min(10_000, socketLimit())
const HUBS = 4
/** Concurrent joins: with more of them, the queue of the load process would dominate. */
const CONCURRENCY = 50

/** What one kind of work cost one server. */
interface Sample {
  readonly joinMs: number
  readonly deliveryUs: number
  readonly roundMs: number
  readonly lost: number
  readonly failed: number
}

type Samples = Map<string, Sample[]>

/** Runs the benchmark. */
export async function benchPresence(): Promise<Report> {
  const rooms = new Map<number, Samples>()
  for (const size of ROOMS) rooms.set(size, await measureRoom(size))
  const presence = await measurePresence()
  const many = await measureMany()
  return {
    title: 'Sockets, events and presence',
    rounds: ROUNDS,
    ratios: [],
    figures: [],
    counts: {
      [`sockets over ${HUBS} hubs that could not join`]: many.failed,
      [`events of ${MANY * EVENTS} that were lost`]: many.lost,
    },
    targets: targetsOf(rooms, presence, many),
    tables: [
      ...[...rooms].map(([size, samples]) => roomTable(size, samples)),
      presenceTable(presence),
    ],
    notes: [
      'CPU is that of the server process, as the kernel reports it. The load comes from another process, which dominates the elapsed time. Here all of workerd runs on one machine; on Cloudflare each hub has its own thread.',
      `Room: sockets connect and subscribe to one private channel with a signature, then ${EVENTS} events of 200 bytes go from one of them to all others.`,
      '"workerd alone" is one object that sends a frame to hibernating sockets, without channels, signatures or nearcache: the difference is what nearcache costs.',
      `workerd has two open files for each socket. If the process may open fewer than 20,400 files, there are ${MANY} sockets over ${HUBS} hubs.`,
      'Presence: users join one presence channel, fifty at a time. The protocol tells every member about every other. nearcache does so for the first 100 members; beyond that it informs its own clients in batches.',
    ],
  }
}

/** Runs the work on every server in turn; each round starts with another server. */
async function inTurn(
  starts: readonly (() => Promise<Server>)[],
  rounds: number,
  work: (server: Server, load: Load) => Promise<Sample>,
): Promise<Samples> {
  const samples: Samples = new Map()
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < starts.length; turn++) {
      const server = await starts[(round + turn) % starts.length]?.()
      if (server === undefined) continue
      const load = new Load()
      try {
        const sample = await work(server, load)
        samples.set(server.name, [...(samples.get(server.name) ?? []), sample])
      } finally {
        load.end()
        await server.stop()
      }
    }
  }
  return samples
}

const PEERS = [() => startNode('ws'), () => startNode('socket.io')]

function measureRoom(size: number): Promise<Samples> {
  const hubs = Math.ceil(size / 4_000)
  return inTurn([() => startOurs(hubs), startBare, ...PEERS], ROUNDS, (server, load) =>
    fill(server, load, { count: size, channel: 'private-room', events: EVENTS }),
  )
}

/** Users join one presence channel: nearcache with its own clients and with any client, and the peers. */
async function measurePresence(): Promise<Samples> {
  const named = async (): Promise<Server> => {
    const server = await startOurs(1, { listedMembers: 10_000 })
    return { ...server, name: 'nearcache, its own clients' }
  }
  const stock = async (): Promise<Server> => {
    return { ...(await startOurs(1)), name: 'nearcache, any client' }
  }
  return inTurn([named, stock, ...PEERS], ROUNDS, (server, load) =>
    fill(server, load, {
      ...{ count: MEMBERS, channel: 'presence-room', events: 0 },
      extensions: server.name.endsWith('own clients'),
    }),
  )
}

async function measureMany(): Promise<Sample> {
  const samples = await inTurn([() => startOurs(HUBS)], 1, (server, load) =>
    fill(server, load, { count: MANY, channel: 'private-room', events: EVENTS }),
  )
  return samples.get('nearcache')?.[0] ?? NONE
}

const NONE: Sample = {
  ...{ joinMs: Number.NaN, deliveryUs: Number.NaN, roundMs: Number.NaN },
  ...{ lost: Number.NaN, failed: Number.NaN },
}

interface Filling {
  readonly count: number
  readonly channel: string
  readonly events: number
  readonly extensions?: boolean
}

async function fill(server: Server, load: Load, filling: Filling): Promise<Sample> {
  const { count, channel, events, extensions = false } = filling
  const { origin, dialect } = server
  const isPresence = channel.startsWith('presence-')
  const order = {
    origin,
    dialect,
    extensions,
    concurrency: CONCURRENCY,
    channel,
    isPresence,
  } as const
  // Warm-up: work that a server does once, and compilation, are not part of a join.
  await load.do({ kind: 'join', ...order, count: 50, channel: `${channel}-warm` })
  await load.do({ kind: 'close' })
  const beforeJoin = server.cpu()
  const joining = await load.do({ kind: 'join', ...order, count })
  const joinMs = ((server.cpu() - beforeJoin) * 1_000) / count
  if (events === 0) return { ...NONE, joinMs, failed: joining.failed, lost: 0 }
  await load.do({ kind: 'rounds', count: 2, channel })
  const beforeRounds = server.cpu()
  const rounds = await load.do({ kind: 'rounds', count: events, channel })
  const deliveryUs = ((server.cpu() - beforeRounds) * 1e6) / rounds.expected
  const lost = rounds.expected - rounds.delivered
  return { joinMs, deliveryUs, roundMs: median(rounds.roundsMs), lost, failed: joining.failed }
}

function of(samples: Samples | undefined, name: string, figure: keyof Sample): number {
  return median((samples?.get(name) ?? []).map((sample) => sample[figure]))
}

/** nearcache compared with another server: the median of the ratios of each round. */
function ratio(samples: Samples | undefined, to: string, figure: keyof Sample): number {
  const [own, other] = ['nearcache', to].map((name) => samples?.get(name) ?? [])
  return median((own ?? []).map((sample, i) => sample[figure] / (other?.[i] ?? NONE)[figure]))
}

function targetsOf(rooms: Map<number, Samples>, presence: Samples, many: Sample): Target[] {
  const ours = 'nearcache, its own clients'
  return [
    ...ROOMS.flatMap((size) => [
      {
        what: `CPU of a delivery to one of ${size} sockets, of that of ws`,
        measured: ratio(rooms.get(size), 'ws', 'deliveryUs'),
        bound: { atMost: 2.2 },
      },
      {
        what: `CPU of a delivery to one of ${size} sockets, of that of workerd alone`,
        measured: ratio(rooms.get(size), 'workerd alone', 'deliveryUs'),
        bound: { atMost: 1.15 },
      },
      {
        what: `CPU of joining a room of ${size} sockets, of that of ws`,
        measured: ratio(rooms.get(size), 'ws', 'joinMs'),
        bound: { atMost: 2 },
      },
    ]),
    {
      what: `CPU of a join into a presence channel of ${MEMBERS} users, in ms`,
      measured: of(presence, ours, 'joinMs'),
      bound: { atMost: 2 },
    },
    {
      what: `lost of ${EVENTS} events to ${MANY} sockets over ${HUBS} hubs`,
      measured: many.lost + many.failed,
      bound: { atMost: 0 },
    },
  ]
}

function roomTable(size: number, samples: Samples): Table {
  const title = `One room of ${size} sockets`
  return {
    title,
    heads: [title, 'us CPU/delivery', 'ms CPU/join', 'ms until all have it', 'lost'],
    rows: [...samples.keys()].map((name) => [
      name,
      rounded(of(samples, name, 'deliveryUs')),
      rounded(of(samples, name, 'joinMs')),
      Math.round(of(samples, name, 'roundMs')),
      of(samples, name, 'lost') + of(samples, name, 'failed'),
    ]),
  }
}

function presenceTable(samples: Samples): Table {
  const title = `One presence channel of ${MEMBERS} users`
  return {
    title,
    heads: [title, 'ms CPU/join'],
    rows: [...samples.keys()].map((name) => [name, rounded(of(samples, name, 'joinMs'))]),
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
