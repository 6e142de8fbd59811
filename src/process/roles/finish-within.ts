// Waits for something to finish, but no longer than a grace.

/** Resolves when `begin` calls back, or after `graceMs`, whichever is first. */
export function finishWithin(graceMs: number, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, graceMs);
    begin(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
