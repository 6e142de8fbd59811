// Makes this process crash, because an operator tests what follows (`sluice crash-test`). The ways that need no help of the process, by
// a signal, are the supervisor's.

import type { CrashWay } from '../../control/operations/crash-test.ts';

/** Bytes of what is allocated at a time. */
const pieceLength = 100_000;

/** @param by - a way that is no signal */
export function crashThisProcess(by: CrashWay): void {
  switch (by) {
    case 'uncaught':
      // In a turn of its own: nothing of this program is around it that could catch it.
      setImmediate(() => {
        throw new Error('crash-test: an error that nothing catches');
      });
      break;
    case 'memory':
      fillMemory();
      break;
    case 'loop':
      standStill();
      break;
    default:
  }
}

function fillMemory(): never {
  const kept: number[][] = [];
  for (;;) kept.push(Array.from({ length: pieceLength }, (_, index) => index + kept.length + 0.5));
}

function standStill(): never {
  for (;;);
}
