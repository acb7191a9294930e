/**
 * `nearcache bench`: measures the speed of Redis through the cache.
 *
 * @module
 */

import { availableParallelism } from 'node:os'
import { randomId } from '../../entry/id.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { type Measurement, measure } from '../measure.ts'
import { readInteger, readTime } from '../numbers.ts'
import { millis, plural } from '../output.ts'

/** The command. */
export const benchCommand: CliCommand = command({
  name: 'bench',
  summary:
    'Measure the speed of Redis through the cache. Uses its own keys, and deletes them afterwards.',
  args: {
    concurrency: {
      type: 'string',
      valueHint: 'NUMBER',
      default: '16',
      description: 'concurrent callers; 1 to 1000',
    },
    time: {
      type: 'string',
      valueHint: 'TIME',
      default: '1s',
      description: 'duration of each measurement',
    },
    size: { type: 'string', valueHint: 'BYTES', default: '1000', description: 'size of a value' },
    ...CONNECTION_ARGS,
  },
  notes: [
    'All callers are in this process: on a fast network its CPU is the limit, not Redis.',
    'Simultaneous calls share requests, as in an application; --concurrency 1 measures single calls.',
    'Sends thousands of commands, which a provider may bill.',
  ],
  run: (call) => {
    const { args, out, host } = call
    const concurrency = readInteger('concurrency', args.concurrency, 1, 1_000)
    const sizeBytes = readInteger('size', args.size, 1, 1_048_576)
    const durationMs = readTime('time', args.time, '50ms', '1m')
    return withRedis(
      call,
      async ({ cache, kind, platform }) => {
        const namespace = cache.namespace(`bench-${randomId()}`)
        const elapsed = host.elapsed ?? (() => platform.now())
        const { signal } = host
        const options = {
          namespace,
          redis: cache.redis,
          elapsed,
          concurrency,
          durationMs,
          sizeBytes,
          signal,
        }
        const measurements: Measurement[] = []
        const bar = out.progress('Measuring', 7)
        for await (const measurement of measure(options)) {
          measurements.push(measurement)
          bar.update(measurements.length, measurement.name)
        }
        bar.end('measured')
        const facts = {
          transport: kind,
          node: process.version,
          cpus: availableParallelism(),
          concurrency,
          durationMs,
          sizeBytes,
          measurements,
        }
        out.result(facts, () => [
          `over ${kind}, ${plural(concurrency, 'concurrent caller')}, values of ${sizeBytes} bytes, ${durationMs} ms each; Node ${process.version}, ${facts.cpus} CPUs`,
          ...out.table([
            ['what', 'calls/s', 'p50', 'p95', 'p99', 'slowest', 'requests', 'commands'],
            ...measurements.map((one) => [
              one.name,
              Math.round(one.perSecond),
              millis(one.p50Ms),
              millis(one.p95Ms),
              millis(one.p99Ms),
              millis(one.slowestMs),
              one.requestsPerCall.toFixed(2),
              one.commandsPerCall.toFixed(2),
            ]),
          ]),
          'requests and commands are per call',
        ])
        return signal.aborted ? 1 : 0
      },
      'by itself',
    )
  },
})
