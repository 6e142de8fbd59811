// An operator has a process crash: what the supervisor answers.

/** To the control process: this process crashes now; none when no such process runs. */
export interface CrashTested {
  readonly kind: 'crashTested';
  readonly id: number;
  readonly pid: number | undefined;
}
