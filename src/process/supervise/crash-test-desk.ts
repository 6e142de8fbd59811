// Has a process crash for an operator who tests what follows. Only the control process may ask for that.

import type { RoleToSupervisor } from '../../channel/messages.ts';
import type { CrashWay } from '../../control/operations/crash-test.ts';
import type { Child } from './child.ts';

/** Ways that need no help of the process. */
const signals: Readonly<Partial<Record<CrashWay, NodeJS.Signals>>> = {
  segv: 'SIGSEGV',
  abort: 'SIGABRT',
  kill: 'SIGKILL',
};

/**
 * The answer is sent first, because the process that asks may be the one that crashes.
 * @param asker - the process that has sent the question
 */
export function answerCrashTest(
  { id, role, index, by }: Extract<RoleToSupervisor, { readonly kind: 'crashTest' }>,
  children: readonly Child[],
  asker: Child,
): void {
  if (asker.name !== 'control' || asker.process?.connected !== true) return;
  const victim = children.find((each) => each.name === role && each.index === index)?.process;
  asker.process.send({ kind: 'crashTested', id, pid: victim?.pid }, () => {
    const signal = signals[by];
    if (signal !== undefined) victim?.kill(signal);
    else if (victim?.connected === true) victim.send({ kind: 'crash', by }, () => undefined);
  });
}
