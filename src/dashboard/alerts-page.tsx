/**
 * The page of alerts, of the rules behind them, and of recommendations from the figures.
 *
 * @module
 */

import { readablePath } from '../entry/visible.ts'
import type { Alert } from '../monitor/alerts.ts'
import type { HealthReport } from '../monitor/health.ts'
import type { Recommendation } from '../monitor/recommendations.ts'
import type { RuleStatus, Severity } from '../monitor/rules.ts'
import { count, dateTime, duration, fromNow, percent } from './format.ts'
import type { Html } from './html.ts'
import { ActionButton, Empty, Missing, Panel, Pill, Table, type Tone } from './parts.tsx'
import type { Snapshot } from './snapshot.ts'

/** The input of the page. */
export interface AlertsProps {
  readonly snapshot: Snapshot
  readonly mayOperate: boolean
  readonly token: string
}

const TONES: Readonly<Record<Severity, Tone>> = {
  low: 'quiet',
  medium: 'warn',
  high: 'bad',
  critical: 'bad',
}

export function AlertsPage({ snapshot, mayOperate, token }: AlertsProps): Html {
  const { alerts, rules, health, history, at } = snapshot
  return (
    <div class="grid">
      <Panel id="alerts" title="Active alerts" isWide>
        {alerts.length === 0 ? (
          <Empty title="No active alerts">
            The rules below are checked again at every refresh.
          </Empty>
        ) : (
          <ul class="cards">
            {alerts.map((alert) => (
              <AlertCard alert={alert} at={at} token={mayOperate ? token : undefined} />
            ))}
          </ul>
        )}
      </Panel>
      <Panel id="recommendations" title="Recommendations" isWide>
        {health.status === 'down' ? (
          <Missing lack="away" how="" />
        ) : (
          <Recommendations all={health.recommendations} />
        )}
      </Panel>
      <Panel id="rules" title="Rules" isWide>
        <Rules rules={rules} at={at} />
      </Panel>
      <Panel id="history" title="Recent checks" isWide note="Checks of this isolate, oldest first.">
        <History history={history} />
      </Panel>
    </div>
  )
}

function AlertCard({
  alert,
  at,
  token,
}: {
  readonly alert: Alert
  readonly at: number
  readonly token: string | undefined
}): Html {
  const { id, severity, message, timestamp, metadata } = alert
  const { value, threshold, unit } = metadata
  return (
    <li class={`card ${TONES[severity]}`}>
      <div>
        <h3>
          <Pill tone={TONES[severity]}>{severity}</Pill> {message}
        </h3>
        <p>
          {unit === 'checks'
            ? ''
            : `${valueText(value, unit)} when it started (limit ${valueText(threshold, unit)}). `}
          Since {dateTime(timestamp)} UTC ({fromNow(timestamp, at)}). Rule <code>{id}</code>.
        </p>
      </div>
      {token === undefined ? (
        ''
      ) : (
        <ActionButton
          id={`resolve-${id}`}
          action="resolve-alert"
          label="Resolve"
          about={message}
          token={token}
          fields={{ id }}
        />
      )}
    </li>
  )
}

function valueText(value: number, unit: string): string {
  if (unit === '%') return percent(value)
  return unit === 'ms' ? duration(value) : `${count(value)} unanswered`
}

function Recommendations({ all }: { readonly all: readonly Recommendation[] }): Html {
  if (all.length === 0) {
    return (
      <Empty title="No recommendations">
        They need at least 1,000 look-ups of a namespace within the window of the rules.
      </Empty>
    )
  }
  return (
    <ul class="cards">
      {all.map(({ cache, advice, setting, evidence }) => (
        <li class="card quiet">
          <div>
            <h3>{advice}</h3>
            <p>
              {cache === '' ? '' : <span>In {readablePath(cache)}. </span>}
              To change: <code>{setting}</code>
            </p>
            <ul class="evidence">
              {Object.entries(evidence).map(([name, value]) => (
                <li>
                  {name} <b>{value.toLocaleString('en')}</b>
                </li>
              ))}
            </ul>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Rules({
  rules,
  at,
}: {
  readonly rules: readonly RuleStatus[]
  readonly at: number
}): Html {
  if (rules.length === 0) return <Empty title="No rules">All rules are turned off.</Empty>
  return (
    <Table label="Rules" head={['Rule', 'State', 'Starts', 'Ends', 'After', 'Severity']}>
      {rules.map((rule) => (
        <tr>
          <th scope="row">{rule.id}</th>
          <td>
            <RuleState rule={rule} at={at} />
          </td>
          <td>{beginText(rule)}</td>
          <td>
            {rule.unit === 'checks'
              ? 'when Redis answers'
              : `at ${valueText(rule.resolvesAt, rule.unit)}`}
          </td>
          <td>{rule.forMs === 0 ? 'immediately' : duration(rule.forMs)}</td>
          <td>{rule.severity}</td>
        </tr>
      ))}
    </Table>
  )
}

function beginText({ bad, firesAt, unit }: RuleStatus): string {
  // Checks are whole numbers: "above 2.5" means from the third on.
  if (unit === 'checks') {
    const checks = Math.floor(firesAt) + 1
    return `${count(checks)} ${checks === 1 ? 'check' : 'checks'} without an answer`
  }
  return `${bad} ${valueText(firesAt, unit)}`
}

function RuleState({ rule, at }: { readonly rule: RuleStatus; readonly at: number }): Html {
  const { judgement, badSince, unit } = rule
  if (!judgement) return <Pill tone="quiet">not checked yet</Pill>
  switch (judgement.kind) {
    case 'good':
      return (
        <>
          <Pill tone="good">good</Pill> {valueText(judgement.value, unit)}
        </>
      )
    case 'bad':
      return (
        <>
          <Pill tone="bad">bad</Pill> {valueText(judgement.value, unit)}
          {badSince === undefined ? '' : `, since ${fromNow(badSince, at)}`}
        </>
      )
    case 'unclear':
      return (
        <>
          <Pill tone="quiet">unclear</Pill> {judgement.reason}
        </>
      )
  }
}

const HISTORY_TONES = { ok: 'good', degraded: 'warn', down: 'bad' } as const

function History({ history }: { readonly history: readonly HealthReport[] }): Html {
  const counts = { ok: 0, degraded: 0, down: 0 }
  for (const { status } of history) counts[status]++
  return (
    <>
      <svg
        class="history"
        viewBox="0 0 800 24"
        preserveAspectRatio="none"
        aria-hidden="true"
        focusable="false"
      >
        {history.map(({ status }, i) => (
          <rect class={HISTORY_TONES[status]} x={i * 8} y="0" width="6" height="24" rx="1" />
        ))}
      </svg>
      <p class="soft small">
        {`${count(counts.ok)} ok, ${count(counts.degraded)} degraded, ${count(counts.down)} down`}
      </p>
    </>
  )
}
