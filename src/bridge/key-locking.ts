/**
 * Lets scripts that are written for Upstash run on a Redis that does not know its flag.
 *
 * `#!lua flags=allow-key-locking` lets Upstash run scripts of different keys side by side; a Redis
 * refuses it ("Unexpected flag in script shebang"), and with it every script of `@upstash/ratelimit`.
 * A Redis runs one script at a time, so nothing is lost without the flag.
 *
 * @module
 */

import { sha1Hex } from '../redis/scripts/digest.ts'
import type { Answer } from './format.ts'
import type { Words } from './json.ts'
import type { Strings } from './strings.ts'

const FLAG = 'allow-key-locking'
const SHEBANG = /^#!lua flags=([a-z,-]+)(?=\n)/
/** More scripts than any client has; the oldest is forgotten, which costs an EVAL. */
const MAX_SCRIPTS = 1_000

/** Takes the flag out of scripts, under the hash that their senders know. */
export class KeyLocking {
  readonly #strings: Strings
  /** Hash of what is sent to Redis, by that of what came. */
  readonly #hashes = new Map<string, string>()

  constructor(strings: Strings) {
    this.#strings = strings
  }

  /** The command as Redis understands it; the same object when that is no other. */
  toRedis(command: Words): Words {
    const [name, first = '', ...rest] = command
    switch (name.toUpperCase()) {
      case 'EVAL':
      case 'EVAL_RO': {
        const script = this.#withoutFlag(first)
        return script === first ? command : [name, script, ...rest]
      }
      case 'EVALSHA':
      case 'EVALSHA_RO':
        return this.#hashes.size === 0 ? command : [name, this.#known(first), ...rest]
      case 'SCRIPT':
        return this.#toScriptCommand(command)
      default:
        return command
    }
  }

  /** The answer as the sender of the command expects it: to SCRIPT LOAD, the hash of its own script. */
  fromRedis(command: Words, answer: Answer): Answer {
    const [name, subcommand = '', script = ''] = command
    if (!isLoad(name, subcommand) || typeof answer.result !== 'string') return answer
    return SHEBANG.test(script) ? { result: this.#hash(script) } : answer
  }

  #toScriptCommand(command: Words): Words {
    const [name, subcommand = '', ...rest] = command
    if (isLoad(name, subcommand)) {
      return [name, subcommand, ...rest.map((script) => this.#withoutFlag(script))]
    }
    if (!/^exists$/i.test(subcommand)) return command
    return [name, subcommand, ...rest.map((hash) => this.#known(hash))]
  }

  #withoutFlag(script: string): string {
    const flags = SHEBANG.exec(script)?.[1]?.split(',')
    if (!flags?.includes(FLAG)) return script
    const others = flags.filter((flag) => flag !== FLAG)
    // An empty line keeps the numbers in error messages, and is known to a Redis before 7 as well.
    const first = others.length === 0 ? '' : `#!lua flags=${others.join(',')}`
    const stripped = script.replace(SHEBANG, first)
    this.#remember(this.#hash(script), this.#hash(stripped))
    return stripped
  }

  #remember(came: string, sent: string): void {
    this.#hashes.delete(came)
    this.#hashes.set(came, sent)
    if (this.#hashes.size <= MAX_SCRIPTS) return
    for (const oldest of this.#hashes.keys()) {
      this.#hashes.delete(oldest)
      return
    }
  }

  #known(hash: string): string {
    return this.#hashes.get(hash.toLowerCase()) ?? hash
  }

  #hash(script: string): string {
    return sha1Hex(this.#strings.toBytes(script))
  }
}

function isLoad(name: string, subcommand: string): boolean {
  return name.toUpperCase() === 'SCRIPT' && /^load$/i.test(subcommand)
}
