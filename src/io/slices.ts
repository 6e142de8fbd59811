// Long work in slices, so that a process does not stand still for it. The work is a generator that yields wherever it may be interrupted.

/** How long a slice takes, beyond which others have their turn. */
const sliceMs = 5;
/** The clock is looked at after so many steps, since most take microseconds. */
const stepsBetweenLooks = 16;

/** Does the work in one go. */
export function atOnce<Result>(work: Generator<undefined, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** Does the work in slices, a turn of the event loop each. Rejects with what the work throws. */
export async function inSlices<Result>(work: Generator<undefined, Result>): Promise<Result> {
  let endMs = performance.now() + sliceMs;
  for (let steps = 1; ; steps++) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (steps % stepsBetweenLooks !== 0 || performance.now() < endMs) continue;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    endMs = performance.now() + sliceMs;
  }
}
