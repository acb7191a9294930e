/**
 * Shows the progress of a long step: as a bar on a terminal, otherwise as a line at each quarter.
 *
 * @module
 */

const WIDTH = 30
const QUARTERS = 4

/** Shows the progress of one step. */
export interface Progress {
  /** @param done From 0 to the total. */
  update(done: number): void
  /** Ends the line of the step, complete or not. */
  end(): void
}

/** @param total What `update` counts up to, above 0. */
export function progress(
  label: string,
  total: number,
  out: { readonly isTTY?: boolean; write(text: string): unknown } = process.stdout,
): Progress {
  let told = -1
  const show = (done: number): void => {
    const ratio = Math.min(1, done / total)
    const step = Math.floor(ratio * (out.isTTY ? 100 : QUARTERS))
    if (step === told) return
    told = step
    if (!out.isTTY) {
      out.write(`${label}: ${(step * 100) / QUARTERS} %\n`)
      return
    }
    const percent = `${step} %`
    const filled = Math.round(ratio * WIDTH)
    out.write(
      `\r${label} [${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${percent.padStart(5)}`,
    )
  }
  return {
    update: show,
    end: () => {
      if (out.isTTY && told >= 0) out.write('\n')
    },
  }
}
