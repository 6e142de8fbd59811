// Which store gets a report that Sluice writes: that of the first [[assignment]] with `reports` that matches, else that of the mail which it
// is about. Promise: a store that cannot take it now delays no report; that goes to the store of the mail then.

import type { Config } from '../config/config.ts';
import { Assignment } from '../policy/queues/assignment.ts';
import { assignmentRules } from '../settings/queues.ts';
import type { SpoolWriter } from '../spool/types.ts';
import type { InForce } from './in-force.ts';
import { writerTo } from './open-store.ts';

/** With less free space than this, no report is tried. */
export const smallReportBytes = 64 * 1024;

/** What is known of a report. */
export interface OwnReport {
  readonly recipient: string;
  readonly tenant: string | undefined;
}

export interface ReportStore {
  readonly writer: SpoolWriter;
  /** The name of its queue; undefined for the default one. */
  readonly queue: string | undefined;
}

export class ReportStores {
  readonly #inForce: Pick<InForce, 'config'>;
  /** By the number of the store. */
  readonly #writers: readonly SpoolWriter[];
  #config: Config | undefined;
  #assignment: Assignment | undefined;
  /** The stores that rules name. */
  #named: readonly number[] = [];

  constructor(inForce: Pick<InForce, 'config'>, writers: readonly SpoolWriter[]) {
    this.#inForce = inForce;
    this.#writers = writers;
  }

  /** @param otherwise - the number of the store of the mail that it is about */
  of({ recipient, tenant = '' }: OwnReport, otherwise: number): ReportStore {
    this.#compile();
    const mail = {
      tenant,
      client: '',
      reversePath: '',
      principal: '',
      listener: '',
      isReport: true,
    } as const;
    const wanted = this.#assignment?.of(mail, recipient) ?? otherwise;
    const number = this.#writers[wanted]?.hasRoom(smallReportBytes) === true ? wanted : otherwise;
    const queue = this.#inForce.config.queues[number - 1]?.name;
    return { writer: writerTo(this.#writers, number), queue };
  }

  /** A store with room where reports may go, that of the mail before others; without any, the latter. */
  roomiest(otherwise: number): SpoolWriter {
    this.#compile();
    const own = writerTo(this.#writers, otherwise);
    if (own.hasRoom(smallReportBytes)) return own;
    const named = this.#named.map((number) => this.#writers[number]);
    return named.find((writer) => writer?.hasRoom(smallReportBytes) === true) ?? own;
  }

  #compile(): void {
    const { config } = this.#inForce;
    if (config === this.#config) return;
    this.#config = config;
    const rules = assignmentRules(config).filter(({ reports }) => reports === true);
    this.#named = rules.map(({ store }) => store);
    this.#assignment = rules.length === 0 ? undefined : new Assignment(rules);
  }
}
