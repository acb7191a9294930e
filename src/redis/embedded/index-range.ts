/**
 * Ranges of indexes. Both ends are included, and negative indexes count from the end. In a string, an end
 * before the beginning counts as 0.
 *
 * @module
 */

/** The range of a collection as a half-open part of [0, size); empty when `start >= end`. */
export function rangeOf(size: number, first: number, last: number): [start: number, end: number] {
  const end = Math.min(size, fromStart(size, last) + 1)
  return [Math.max(0, fromStart(size, first)), Math.max(0, end)]
}

/** The range of a string, both ends included; empty when `first > last`. */
export function stringRange(
  size: number,
  first: number,
  last: number,
): [first: number, last: number] {
  return [
    Math.max(0, fromStart(size, first)),
    Math.min(size - 1, Math.max(0, fromStart(size, last))),
  ]
}

function fromStart(size: number, index: number): number {
  return index < 0 ? size + index : index
}
