/**
 * Says that two prompts, however similar, do not want the same answer.
 *
 * @module
 */

/** What differs: see docs/guides/semantic-matching.md for examples of each. */
export type VetoReason =
  | 'language'
  | 'number'
  | 'unit'
  | 'identifier'
  | 'negation'
  | 'antonym'
  | 'entity'
  | 'direction'
  | 'question'
  | 'word'
