/**
 * The components of the pages.
 *
 * @module
 */

import type { Content, Html } from './html.ts'
import type { Lack } from './snapshot.ts'

/** How good a state is. Always shown as a colour and a word, so that nobody depends on the colour. */
export type Tone = 'good' | 'warn' | 'bad' | 'quiet'

/** A panel. A panel with an id is updated in place. */
export function Panel({
  id,
  title,
  note,
  isWide = false,
  children,
}: {
  readonly id: string
  readonly title: string
  /** Shown beside the title. */
  readonly note?: Content
  readonly isWide?: boolean
  readonly children?: Content
}): Html {
  return (
    <section
      class={isWide ? 'panel wide' : 'panel'}
      id={id}
      data-panel={id}
      aria-labelledby={`${id}-title`}
    >
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {note === undefined ? '' : <div class="note">{note}</div>}
      </header>
      {children}
    </section>
  )
}

/** A word in a coloured frame. */
export function Pill({
  tone,
  children,
}: {
  readonly tone: Tone
  readonly children?: Content
}): Html {
  return <span class={`pill ${tone}`}>{children}</span>
}

/** One large number, with details to compare it with. */
export function Tile({
  id,
  label,
  value,
  detail,
  tone = 'quiet',
}: {
  readonly id: string
  readonly label: string
  readonly value: string
  readonly detail: string
  readonly tone?: Tone
}): Html {
  return (
    <div class={`tile ${tone}`} id={id}>
      <dt>{label}</dt>
      <dd class="value">{value}</dd>
      <dd class="detail">{detail}</dd>
    </div>
  )
}

/** Pairs of a name and a value. */
export function Facts({ of }: { readonly of: readonly (readonly [string, Content])[] }): Html {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Draws a share. The number is shown beside it. */
export function Bar({
  percent,
  tone = 'good',
}: {
  readonly percent: number
  readonly tone?: Tone
}): Html {
  const width = `${Math.max(0, Math.min(100, percent))}%`
  return (
    <svg class={`bar ${tone}`} aria-hidden="true" focusable="false">
      <rect class="rail" width="100%" height="100%" rx="3" />
      <rect class="fill" width={width} height="100%" rx="3" />
    </svg>
  )
}

/** A table that scrolls sideways if it is too wide, also by keyboard. */
export function Table({
  label,
  head,
  numeric = [],
  children,
}: {
  readonly label: string
  readonly head: readonly string[]
  /** The columns that contain numbers, counted from 0. */
  readonly numeric?: readonly number[]
  readonly children?: Content
}): Html {
  return (
    <section class="scroll" aria-label={`${label}, table`} tabindex={0}>
      <table>
        <thead>
          <tr>
            {head.map((name, i) => (
              <th scope="col" class={numeric.includes(i) ? 'number' : undefined}>
                {name || <span class="unseen">Action</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}

/** Shown in place of missing content. */
export function Empty({
  title,
  children,
}: {
  readonly title: string
  readonly children?: Content
}): Html {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children === undefined ? '' : <p>{children}</p>}
    </div>
  )
}

/** Why a panel has nothing to show. */
export function Missing({ lack, how }: { readonly lack: Lack; readonly how: string }): Html {
  if (lack === 'away') {
    return (
      <Empty title="Redis does not answer">
        Its data cannot be shown now. The page keeps trying.
      </Empty>
    )
  }
  return <Empty title="Not set up">{how}</Empty>
}

/** A form with one button, and the token that proves its origin. */
export function ActionButton({
  id,
  action,
  label,
  about,
  token,
  fields,
  tone = 'plain',
}: {
  /** Identifies the button, so that it keeps the focus when its panel is updated. */
  readonly id: string
  readonly action: string
  readonly label: string
  /** The object of the action, for screen readers. */
  readonly about?: string
  readonly token: string
  readonly fields: Readonly<Record<string, string>>
  readonly tone?: 'plain' | 'main' | 'danger'
}): Html {
  return (
    <form method="post" action={action} class="inline">
      <FormToken token={token} />
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" id={id} class={tone} aria-label={about && `${label}: ${about}`}>
        {label}
      </button>
    </form>
  )
}

export function FormToken({ token }: { readonly token: string }): Html {
  return <input type="hidden" name="form-token" value={token} />
}
