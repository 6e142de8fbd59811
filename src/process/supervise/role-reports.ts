// What the supervisor tells people of the roles: in the log, in the troubles of `sluice status`, which the control process shows, and in
// statistics: the sums of what processes have counted outlive these processes, the control process as well.

import type { Logger } from '../../log/logger.ts';
import type { RoleToSupervisor } from '../../channel/messages.ts';
import { Totals } from '../../statistics/totals.ts';
import { type ReportedTrouble, TroubleBoard } from '../../stats/trouble-board.ts';
import type { Trouble, Troubles } from '../../stats/troubles.ts';
import { type Child, nameOf, tell, tellRole } from './child.ts';
import { endedTrouble, notStartedTrouble, type RoleTrouble, stalledTrouble } from './role-troubles.ts';

/** The sums of all processes go to the control process together. */
const totalsEveryMs = 200;

export class RoleReports {
  readonly #log: Logger;
  readonly #troubles: Troubles;
  readonly #children: readonly Child[];
  readonly #board = new TroubleBoard();
  readonly #totals = new Totals();
  #totalsTimer: NodeJS.Timeout | undefined;

  /**
   * @param troubles - of the supervisor itself
   * @param children - the roles that there are now
   */
  constructor(log: Logger, troubles: Troubles, children: readonly Child[]) {
    this.#log = log;
    this.#troubles = troubles;
    this.#children = children;
    this.#board.set('supervisor', troubles.list);
    troubles.onChanged((list) => this.#set('supervisor', list));
  }

  /** The troubles of all processes, the worst first. */
  get list(): readonly ReportedTrouble[] {
    return this.#board.list;
  }

  heard(child: Child, message: Extract<RoleToSupervisor, { readonly kind: 'troubles' | 'counted' }>): void {
    if (message.kind === 'troubles') return this.told(child, message.troubles);
    this.#totals.told(child.name, message.serial, message.counts);
    if (this.#totalsTimer !== undefined) return;
    this.#totalsTimer = setTimeout(() => {
      this.#totalsTimer = undefined;
      tellRole(this.#children, 'control', { kind: 'totals', totals: this.#totals.all });
    }, totalsEveryMs).unref();
  }

  /** The troubles that a process has told of; they replace those from before. */
  told(child: Child, troubles: readonly Trouble[]): void {
    this.#set(nameOf(child, this.#children), troubles);
  }

  /** The configuration needs the role no more. */
  unneeded(child: Child): void {
    this.well(child);
    this.told(child, []);
  }

  /** A control process that starts does not know any. */
  tellAll(control: Child): void {
    tell(control, { kind: 'troubles', troubles: this.#board.list });
    tell(control, { kind: 'totals', totals: this.#totals.all });
  }

  stalled(child: Child, pid: number | undefined): void {
    this.#log.warn(`the ${child.name} process (${pid}) does not answer`);
    this.#raise(child, stalledTrouble(child.name, nameOf(child, this.#children), pid));
  }

  ended(child: Child, how: string): void {
    this.#log.error(`the ${child.name} process ended ${how}; starting it again in ${child.delayMs} ms`);
    this.#totals.ended(child.serial);
    this.#raise(child, endedTrouble(child.name, nameOf(child, this.#children), how, child.lastWords));
  }

  notStarted(child: Child, message: string): void {
    this.#log.error(
      `the ${child.name} process could not be started: ${message}; trying again in ${child.delayMs} ms`,
    );
    this.#raise(child, notStartedTrouble(child.name, nameOf(child, this.#children), message));
  }

  /** It runs and answers. */
  well(child: Child): void {
    this.#troubles.clear(`role:${nameOf(child, this.#children)}`);
  }

  #raise(child: Child, { text, advice }: RoleTrouble): void {
    this.#troubles.raise(`role:${nameOf(child, this.#children)}`, 'critical', text, advice);
  }

  #set(name: string, troubles: readonly Trouble[]): void {
    this.#board.set(name, troubles);
    tellRole(this.#children, 'control', { kind: 'troubles', troubles: this.#board.list });
  }
}
