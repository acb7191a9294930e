/**
 * Explores a model: every interleaving, breadth first, so that a trace has the fewest steps; or random
 * walks, where there are too many interleavings.
 *
 * @module
 */

import { codeOf } from './code.ts'
import type { Model } from './model.ts'
import type { State } from './state.ts'
import type { Next, Told } from './turn.ts'

/** The result of an exploration. */
export interface Findings {
  /** Number of states visited; for random walks, of steps taken. */
  readonly states: number
  /** How often a value loaded after a call was served. If never, the exploration proves nothing. */
  readonly renewed: number
  readonly broken: Broken | undefined
}

/** A broken promise, and the steps that led to it. */
export interface Broken {
  readonly promise: string
  readonly trace: readonly string[]
}

/** The previous state and the step from it. */
interface Origin {
  readonly from: Origin | undefined
  readonly told: Told | undefined
}

/**
 * Visits every state.
 *
 * @param limit Maximal number of states. With more, it throws: the system is too large.
 */
export function explore(model: Model, limit = 2_000_000, code = codeOf): Findings {
  const seen = new Set<string>()
  let present: [State, Origin][] = []
  for (const state of model.beginnings()) {
    seen.add(code(state))
    const text = state.clock === 0 ? 'Redis is empty' : 'Redis has an entry and its markers'
    present.push([state, { from: undefined, told: { who: -1, steps: [], text } }])
  }
  while (present.length > 0) {
    const coming: [State, Origin][] = []
    for (const [state, origin] of present) {
      for (const next of model.next(state)) {
        if (next.broken) return found(model, seen.size, next, origin)
        const text = code(next.state)
        if (seen.has(text)) continue
        seen.add(text)
        const { who, steps, text: told } = next
        coming.push([next.state, { from: origin, told: { who, steps, text: told } }])
      }
      if (seen.size > limit) throw new Error(`more than ${limit} states`)
    }
    present = coming
  }
  return { states: seen.size, renewed: model.renewed, broken: undefined }
}

/** Takes random steps from an initial state until no step is left, `walks` times. */
export function wander(model: Model, walks: number, seed: number): Findings {
  let dice = seed
  const pick = <T>(list: readonly T[]): T => {
    dice ^= dice << 13
    dice ^= dice >>> 17
    dice ^= dice << 5
    return list[(dice >>> 0) % list.length] as T
  }
  let states = 0
  for (let walk = 0; walk < walks; walk++) {
    let state = pick(model.beginnings())
    let origin: Origin | undefined
    for (let list = model.next(state); list.length > 0; list = model.next(state)) {
      const next = pick(list)
      states++
      if (next.broken) return found(model, states, next, origin)
      origin = { from: origin, told: next }
      state = next.state
    }
  }
  return { states, renewed: model.renewed, broken: undefined }
}

function found(
  { system, renewed }: Model,
  states: number,
  last: Next,
  origin: Origin | undefined,
): Findings {
  const told: Told[] = [last]
  for (let at = origin; at?.told; at = at.from) told.unshift(at.told)
  const trace = told.map(({ who, steps, text }, i) => {
    const name = who < 0 ? 'the world' : `client ${who} (${system.clients[who]?.does})`
    return `${i + 1}. ${name}: ${steps.length > 0 ? `[${steps.join(', ')}] ` : ''}${text}`
  })
  return { states, renewed, broken: { promise: last.broken ?? '', trace } }
}

/** The findings as text for a failing test, one step a line. */
export function tell(name: string, { states, renewed, broken }: Findings): string {
  if (!broken) return `${name}: holds in ${states} states, ${renewed} values served that are new`
  return [`${name}: after ${states} states`, broken.promise, ...broken.trace].join('\n')
}
