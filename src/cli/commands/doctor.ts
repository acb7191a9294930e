/**
 * `nearcache doctor`: checks Redis and the connection to it.
 *
 * @module
 */

import { isLoopback } from '../../redis/rest-options.ts'
import type { RedisConfiguration } from '../../startup/environment.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import type { Finding, Grade, Way } from '../doctor/check.ts'
import { examine } from '../doctor/examine.ts'
import { readTime } from '../numbers.ts'
import { plural, type Tone } from '../output.ts'

const TONES: Readonly<Record<Grade, Tone>> = {
  ok: 'good',
  warn: 'warning',
  fail: 'bad',
  unknown: 'faint',
}

/** The command. */
export const doctorCommand: CliCommand = command({
  name: 'doctor',
  summary:
    'Check Redis and the connection to it, and advise what to fix. Tests commands on its own keys.',
  args: {
    strict: { type: 'boolean', description: 'treat warnings as failures' },
    ...CONNECTION_ARGS,
  },
  notes: ['Exit code: 0 if no check fails, 1 if one fails or, with --strict, warns.'],
  run: (call) => {
    const deadlineMs = readTime('deadline', call.args.deadline, '1ms', '10m')
    return withRedis(call, async ({ requester, kind, platform, prefix, address, ctx }) => {
      const { out, host } = call
      const elapsed = host.elapsed ?? (() => platform.now())
      const patient = {
        requester,
        kind,
        isCluster: ctx.link.cluster,
        platform,
        elapsed,
        prefix,
        way: wayTo(address),
        deadlineMs,
      }
      const findings = await examine(patient)
      const count = (grade: Grade): number => findings.filter((one) => one.grade === grade).length
      const counts = {
        ok: count('ok'),
        warn: count('warn'),
        fail: count('fail'),
        unknown: count('unknown'),
      }
      out.result({ findings, counts }, () => [
        ...findings.flatMap((one) => linesOf(one, (tone, text) => out.paint(tone, text))),
        '',
        `${counts.ok} ok, ${plural(counts.warn, 'warning')}, ${counts.fail} failed, ${counts.unknown} unknown`,
      ])
      return counts.fail > 0 || (call.args.strict && counts.warn > 0) ? 1 : 0
    })
  },
})

function linesOf(
  { id, grade, evidence, advice }: Finding,
  paint: (tone: Tone, text: string) => string,
): string[] {
  const line = `${paint(TONES[grade], grade.padEnd(7))}  ${id.padEnd(11)}  ${evidence}`
  return advice === null ? [line] : [line, `${' '.repeat(22)}→ ${advice}`]
}

/** Whether the connection to an address is encrypted, and whether it stays on this machine. */
export function wayTo(address: RedisConfiguration | undefined): Way {
  switch (address?.kind) {
    case undefined:
      return { isEncrypted: undefined, isLocal: false }
    case 'embedded':
      return { isEncrypted: false, isLocal: true }
    case 'tcp':
      return { isEncrypted: address.tls, isLocal: isLoopback(address.host) }
    case 'rest': {
      const { protocol, hostname } = new URL(address.url)
      return { isEncrypted: protocol === 'https:', isLocal: isLoopback(hostname) }
    }
  }
}
