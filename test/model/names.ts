/**
 * The steps of the model, and the source files that implement them.
 *
 * @module
 */

/** Each step of the model, with the source file that exports or contains it under the same name. */
export const STEPS = {
  look: 'src/cache/steps.ts',
  lookMany: 'src/cache/steps.ts',
  lookAt: 'src/cache/steps.ts',
  verify: 'src/cache/steps.ts',
  acquire: 'src/cache/steps.ts',
  mark: 'src/cache/steps.ts',
  take: 'src/cache/steps.ts',
  commit: 'src/cache/steps.ts',
  release: 'src/cache/steps.ts',
  store: 'src/cache/steps.ts',
  delete: 'src/cache/steps.ts',
  drop: 'src/cache/steps.ts',
  hard: 'src/cache/steps.ts',
  soft: 'src/cache/steps.ts',
  late: 'src/cache/steps.ts',
  observe: 'src/cache/observe.ts',
  weigh: 'src/cache/observe.ts',
  judge: 'src/cache/judge.ts',
  nearHit: 'src/cache/near-copy.ts',
  verifiedNearHit: 'src/cache/near-copy.ts',
  keepNear: 'src/cache/near-copy.ts',
  admits: 'src/flight/single-flight.ts',
  join: 'src/cache/load.ts',
  lead: 'src/cache/load.ts',
  runLoader: 'src/cache/loader.ts',
  fail: 'src/cache/loader.ts',
  stampsFor: 'src/cache/under-lease.ts',
  refreshBehind: 'src/cache/read.ts',
  loadOrFallBack: 'src/cache/read.ts',
  set: 'src/cache/write.ts',
  begin: 'src/cache/write.ts',
  remove: 'src/cache/write.ts',
  invalidateMarkers: 'src/cache/invalidate.ts',
  invalidatePattern: 'src/cache/invalidate.ts',
  sweep: 'src/cache/invalidate.ts',
} as const

/** A step of the library. */
export type StepName = keyof typeof STEPS
