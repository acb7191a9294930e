/**
 * Checks a value against the subset of JSON Schema (draft 2020-12) that structured outputs of Ollama and
 * OpenAI use. Unknown keywords are ignored: an invalid value may pass, but a valid one never fails.
 *
 * @module
 */

import { isObject } from '../entry/json-object.ts'
import { canonicalJson } from './canonical.ts'

type Check = (value: unknown, argument: unknown, schema: Schema, run: Run, depth: number) => boolean
type Schema = Readonly<Record<string, unknown>>

/** One check of a whole value. */
interface Run {
  readonly root: Schema
  /** How many more schemas may be applied. */
  left: number
}

/** Limits the depth, because references can be circular. */
const MAX_DEPTH = 100
/** Limits the work: with two circular references side by side it would double with each level. */
const MAX_CHECKS = 100_000

/**
 * Whether a text is JSON and its value follows a schema. A schema that is not an object allows every
 * value.
 *
 * @param schema @default none
 */
export function isJson(text: string, schema?: unknown): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(schema) ? check(value, schema, { root: schema, left: MAX_CHECKS }, 0) : true
  } catch {
    // SyntaxError: the text is not JSON.
    return false
  }
}

function check(value: unknown, schema: unknown, run: Run, depth: number): boolean {
  if (schema === false) return false
  if (!isObject(schema) || depth > MAX_DEPTH || run.left-- <= 0) return true
  return Object.entries(schema).every(([keyword, argument]) => {
    const known = Object.hasOwn(CHECKS, keyword) ? CHECKS[keyword] : undefined
    return known === undefined || known(value, argument, schema, run, depth + 1)
  })
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: isObject,
}

const CHECKS: Readonly<Record<string, Check>> = {
  type: (value, names) => [names].flat().some((name) => TYPES[String(name)]?.(value) ?? true),
  enum: (value, values) => !Array.isArray(values) || values.some((one) => isEqual(one, value)),
  const: (value, only) => isEqual(value, only),
  required: (value, names) =>
    !isObject(value) || !Array.isArray(names) || names.every((name) => Object.hasOwn(value, name)),
  properties: (value, schemas, _schema, run, depth) =>
    !isObject(value) ||
    !isObject(schemas) ||
    Object.entries(schemas).every(
      ([name, one]) => !Object.hasOwn(value, name) || check(value[name], one, run, depth),
    ),
  additionalProperties: (value, other, { properties, patternProperties }, run, depth) =>
    !isObject(value) ||
    patternProperties !== undefined ||
    Object.entries(value).every(
      ([name, one]) =>
        (isObject(properties) && Object.hasOwn(properties, name)) || check(one, other, run, depth),
    ),
  items: (value, one, { prefixItems }, run, depth) =>
    !Array.isArray(value) ||
    prefixItems !== undefined ||
    value.every((item) => check(item, one, run, depth)),
  minItems: (value, least) => !Array.isArray(value) || !(value.length < Number(least)),
  maxItems: (value, most) => !Array.isArray(value) || !(value.length > Number(most)),
  minimum: (value, least) => typeof value !== 'number' || !(value < Number(least)),
  maximum: (value, most) => typeof value !== 'number' || !(value > Number(most)),
  anyOf: (value, schemas, _schema, run, depth) =>
    !Array.isArray(schemas) || schemas.some((one) => check(value, one, run, depth)),
  allOf: (value, schemas, _schema, run, depth) =>
    !Array.isArray(schemas) || schemas.every((one) => check(value, one, run, depth)),
  $ref: (value, pointer, _schema, run, depth) =>
    check(value, lookUp(run.root, pointer), run, depth),
}

function isEqual(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

/** The schema that a local reference (RFC 6901) points to. Any other reference allows every value. */
function lookUp(root: Schema, pointer: unknown): unknown {
  if (typeof pointer !== 'string' || !pointer.startsWith('#')) return true
  const names = pointer.slice(1).split('/').slice(1)
  return names.reduce<unknown>((at, name) => {
    const key = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')
    return isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined
  }, root)
}
