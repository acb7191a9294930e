/**
 * `nearcache alerts`: lists the active alerts of all monitors, or resolves one.
 *
 * @module
 */

import { isoTime } from '../../entry/iso-time.ts'
import type { Alert, Alerts } from '../../monitor/alerts.ts'
import { type RuleId, resolveRules } from '../../monitor/rules.ts'
import { alertsOf } from '../check-up.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { span } from '../output.ts'
import { UsageError } from '../usage-error.ts'

const IDS = resolveRules().map(({ id }) => id)

/** The command. */
export const alertsCommand: CliCommand = command({
  name: 'alerts',
  summary: 'List the active alerts of all monitors, or resolve one.',
  args: {
    resolve: {
      type: 'string',
      valueHint: 'ID',
      description: `resolve this alert: ${IDS.join(', ')}`,
    },
    ...CONNECTION_ARGS,
  },
  notes: ['Exit code: 0 if no alert is active or --resolve succeeded, 1 otherwise.'],
  run: (call) => {
    const id = ruleId(call.args.resolve)
    return withRedis(call, async (connection) => {
      const { out } = call
      const alerts = alertsOf(connection)
      // Rejects while Redis is down: an empty list would wrongly mean that no alert is active.
      const active = await alerts.stored()
      if (id) {
        const ended = await resolve(alerts, id)
        out.result({ resolved: ended ?? null }, () => [
          ended ? `${id} is resolved` : `${id} is not active`,
        ])
        return ended ? 0 : 1
      }
      const now = connection.platform.now()
      out.result({ active }, () =>
        active.length === 0
          ? ['no active alerts']
          : out.table([
              ['id', 'severity', 'since', 'duration', 'value', 'message'],
              ...active.map(({ id: name, severity, timestamp, message, metadata }) => [
                name,
                { text: severity, tone: severity === 'critical' ? 'bad' : 'warning' } as const,
                isoTime(timestamp),
                span(Math.max(0, now - timestamp)),
                `${Math.round(metadata.value * 10) / 10} ${metadata.unit}`,
                message,
              ]),
            ]),
      )
      return active.length === 0 ? 0 : 1
    })
  },
})

/** Does what `resolveAlert` of a monitor does, but notifies nobody. */
async function resolve(alerts: Alerts, id: RuleId): Promise<Alert | undefined> {
  // Otherwise a cause that persists would begin the alert again at the next check.
  await alerts.mark(id, undefined)
  const ended = await alerts.end(id)
  // Its beginning must not be reported after its end.
  if (ended) await alerts.takeOwed(id)
  return ended
}

function ruleId(text: string | undefined): RuleId | undefined {
  if (text === undefined) return undefined
  const id = IDS.find((one) => one === text)
  if (id) return id
  throw new UsageError(`--resolve must be one of ${IDS.join(', ')}`)
}
