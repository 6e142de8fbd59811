// Runs one seed; what fails says how to see it again.

import { System, type SystemOptions } from './system.ts';

/** @throws with the seed, and how to repeat it */
export async function runSeed(seed: number, options: Omit<SystemOptions, 'seed'> = {}): Promise<System> {
  const system = new System({ seed, ...options });
  let rejection: unknown;
  const rejected = (reason: unknown): void => {
    rejection ??= reason;
  };
  process.on('unhandledRejection', rejected);
  try {
    try {
      await system.live();
    } finally {
      // A rejection that nobody has taken is told at the end of a turn.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    if (rejection !== undefined) throw rejection;
    return system;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `seed ${seed}: ${reason}\nSee it with: npm run simulate:system -- --from ${seed} --seeds 1 --trace`,
      { cause: error },
    );
  } finally {
    process.off('unhandledRejection', rejected);
  }
}
