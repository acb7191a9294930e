/**
 * JavaScript twins of the scripts of a change log, the same line by line. A differential test compares
 * them with a real Redis.
 *
 * @module
 */

import type { Reply } from '../../requester.ts'
import { LOG_APPEND, LOG_LOOK, LOG_MARK } from '../../scripts/log.ts'
import type { Call, ScriptTwin, TwinBody } from '../scripting.ts'

/** The keys and arguments that the functions of all scripts share. */
interface Log {
  readonly call: Call
  readonly head: string
  readonly entries: string
  readonly marks: string
  readonly life: string
  readonly ms: number
}

/** Opens the log. If the head is lost, the entries are deleted. */
function open(call: Call, keys: readonly string[], nonce: string, life: string): [Log, string] {
  const [head = '', entries = '', marks = ''] = keys
  const [seconds, micros] = call('TIME') as [string, string]
  const ms = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
  const found = call('HMGET', head, 'epoch', 'until') as (string | null)[]
  let epoch = found[0] ?? null
  if (found[1] && call('EXISTS', marks) === 0) {
    call('HSET', marks, nonce, `${found[1]} `)
    call('PEXPIRE', marks, life)
  }
  if (epoch === null) {
    epoch = `${nonce}-${seconds}${micros.padStart(6, '0')}`
    call('DEL', entries)
    call('DEL', head)
    call('HSET', head, 'epoch', epoch, 'at', 0)
    call('PEXPIRE', head, life)
  }
  return [{ call, head, entries, marks, life, ms }, epoch]
}

function push({ call, head, entries, life }: Log, text: string, most: number): number {
  const at = call('HINCRBY', head, 'at', 1) as number
  call('RPUSH', entries, text)
  call('LTRIM', entries, -most, -1)
  call('PEXPIRE', head, life)
  call('PEXPIRE', entries, life)
  return at
}

interface Mark {
  readonly token: string
  /** Epoch milliseconds as digits; undefined if the value is not a mark. */
  readonly deadline: string | undefined
  readonly text: string
}

function marksOf({ call, marks }: Log): Mark[] {
  const all = call('HGETALL', marks) as string[]
  return Array.from({ length: all.length / 2 }, (_, i) => {
    const [, deadline, text] = /^(\d+)u? (.*)$/s.exec(all[2 * i + 1] ?? '') ?? []
    return { token: all[2 * i] ?? '', deadline, text: text ?? '' }
  })
}

function unmark({ call, head, marks }: Log, token: string): void {
  call('HDEL', marks, token)
  if (call('EXISTS', marks) === 0) call('HDEL', head, 'until')
}

/** Marks the writes under way so that their entries will be `u`: their order is no longer known. */
function unsettle(log: Log): void {
  for (const { token, deadline, text } of marksOf(log)) {
    if (deadline !== undefined) log.call('HSET', log.marks, token, `${deadline}u ${text}`)
  }
}

/** The answer to a look, without shapes and their tags. */
function lookAt(log: Log, epoch: string, most: number, known: string, position: string): Reply[] {
  const { call, head, entries, ms } = log
  const underWay: string[] = []
  let isLost = false
  for (const { token, deadline, text } of marksOf(log)) {
    if (Number(deadline ?? 0) > ms) {
      underWay.push(text)
      continue
    }
    const at = push(log, `x${text}`, most)
    call('HSET', head, 'all', at)
    unmark(log, token)
    isLost = true
  }
  if (isLost) unsettle(log)
  const [at, all] = call('HMGET', head, 'at', 'all') as (string | null)[]
  const behind = epoch === known ? Number(at ?? 0) - Number(position) : Number(at ?? 0)
  const found = behind > 0 ? call('LRANGE', entries, -behind, -1) : []
  return [epoch, Number(at ?? 0), 1, Number(all ?? 0), underWay, found]
}

const look: TwinBody = (call, keys, args) => {
  const [nonce = '', life = '', most = '', known = '', position = '', isShort = ''] = args
  const [mostShapes = '', shape = '', ...slots] = args.slice(6)
  if (isShort === '1' && call('HLEN', keys[2] ?? '') === 0) {
    const seen = call('HMGET', keys[0] ?? '', 'epoch', 'at', 'all', 'until') as (string | null)[]
    if (seen[0] === known && seen[1] === position && seen[3] === null) {
      return touchedAt(call, keys, Number(seen[2] ?? 0), slots)
    }
  }
  const [log, epoch] = open(call, keys, nonce, life)
  const [, at, , all, ...rest] = lookAt(log, epoch, Number(most), known, position)
  const isKnown = shape === '' || register(log, shape, Number(mostShapes))
  return [epoch, at ?? 0, isKnown ? 1 : 0, touchedAt(call, keys, Number(all), slots), ...rest]
}

function touchedAt(
  call: Call,
  [head = '']: readonly string[],
  all: number,
  slots: readonly string[],
): number {
  return Math.max(all, ...slots.map((slot) => Number(call('HGET', head, `t${slot}`) ?? 0)))
}

function register({ call, head }: Log, shape: string, most: number): boolean {
  const shapes = String(call('HGET', head, 'shapes') ?? '')
  if (`\n${shapes}`.includes(`\n${shape}\n`)) return true
  if (shapes.split('\n').length - 1 >= most) return false
  call('HSET', head, 'shapes', `${shapes}${shape}\n`)
  return true
}

const mark: TwinBody = (
  call,
  keys,
  [nonce = '', life = '', token = '', untilMs = '', text = ''],
) => {
  const [log] = open(call, keys, nonce, life)
  const all = marksOf(log)
  const others = all.filter((other) => other.token !== token)
  const again = others.length < all.length ? 'u' : ''
  const deadline = log.ms + Number(untilMs)
  call('HSET', log.marks, token, `${deadline}${again} ${text}`)
  call('PEXPIRE', log.marks, life)
  call('HSET', log.head, 'until', Math.max(deadline, Number(call('HGET', log.head, 'until'))))
  return [call('HGET', log.head, 'shapes') ?? '', others.map((other) => other.text)]
}

const append: TwinBody = (call, keys, args) => {
  const [nonce = '', life = '', most = '', token = '', letter = '', text = ''] = args
  const [all = '', known = '', position = '', ...slots] = args.slice(6)
  const [log, epoch] = open(call, keys, nonce, life)
  const mark = call('HGET', log.marks, token) as string | null
  unmark(log, token)
  const isUnsettled = mark === null || (letter === 'o' && /^\d+u/.test(mark))
  const kept = isUnsettled ? 'u' : letter
  const at = push(log, `${kept}${text}`, Number(most))
  if (kept !== 'o') unsettle(log)
  if (all === '1' || mark === null) call('HSET', log.head, 'all', at)
  for (const slot of slots) call('HSET', log.head, `t${slot}`, at)
  return position === '' ? [at] : [at, lookAt(log, epoch, Number(most), known, position)]
}

/** The twins of the change log. */
export const LOG_TWINS: readonly ScriptTwin[] = [
  { sha1: LOG_LOOK.sha1, run: look },
  { sha1: LOG_MARK.sha1, run: mark },
  { sha1: LOG_APPEND.sha1, run: append },
]
