// What the end of a process by a signal or with an exit code most often means, for people who have never seen one.

const words: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGSEGV: 'a segmentation fault: code that is not JavaScript (Node, a library) used memory that it may not',
  SIGBUS:
    'a bus error: memory, or a file in memory, was not there any more; a full or failing disk may be the reason',
  SIGABRT: 'an abort: Node or a library has found that it cannot go on, or somebody sent the signal',
  SIGILL: 'an illegal instruction: the program does not fit this processor, or is damaged',
  SIGFPE: 'an error of arithmetic in code that is not JavaScript',
  SIGTRAP: 'a trap: V8 has found that it cannot go on',
  SIGSYS: 'a system call that is forbidden to this process (seccomp, SystemCallFilter of systemd)',
  SIGKILL:
    'somebody, or the system, has killed it; when memory runs out the kernel does so, and says it in its log (dmesg)',
  SIGXFSZ: 'a file became larger than the limit of the process (RLIMIT_FSIZE)',
  SIGXCPU: 'the process has used more processor time than its limit (RLIMIT_CPU)',
};

/** A sentence about how a process ended. */
export function signalWords(signal: NodeJS.Signals | null, code: number | null): string {
  if (signal === null) return `It ended by itself with exit code ${code ?? 'unknown'}, and did not say why.`;
  const meaning = words[signal];
  return meaning === undefined ? `It ended by ${signal}.` : `It ended by ${signal}: ${meaning}.`;
}
