// Reports that wait until they can be written: the tenants that have some take turns, as they do for connections, so that the reports
// of one whose mail fails in masses do not hold up those of others. Adding and taking cost the same however many wait.

interface Waiting<Report> {
  readonly tenant: string;
  readonly reports: Report[];
  /** Those before this index have been taken. */
  first: number;
  /** Reports that the tenant may have in this turn still. */
  left: number;
}

/** From so many taken ones on, their room is given back. */
const mostTaken = 1_024;

export class ReportTurns<Report> {
  readonly #weightOf: (tenant: string) => number;
  /** By tenant, the one whose turn it is first. */
  readonly #lines = new Map<string, Waiting<Report>>();
  #size = 0;

  /** @param weightOf - reports of a tenant for one turn, at least 1 */
  constructor(weightOf: (tenant: string) => number) {
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#size;
  }

  add(tenant: string, report: Report): void {
    this.#size++;
    const line = this.#lines.get(tenant);
    if (line === undefined)
      this.#lines.set(tenant, { tenant, reports: [report], first: 0, left: this.#weightOf(tenant) });
    else line.reports.push(report);
  }

  /** The next one; undefined when none waits. */
  take(): Report | undefined {
    const [line] = this.#lines.values();
    if (line === undefined) return undefined;
    const report = line.reports[line.first];
    line.first++;
    line.left--;
    this.#size--;
    if (line.first === line.reports.length) this.#lines.delete(line.tenant);
    else {
      if (line.first >= mostTaken && line.first * 2 >= line.reports.length) {
        line.reports.splice(0, line.first);
        line.first = 0;
      }
      if (line.left <= 0) this.#toEnd(line);
    }
    return report;
  }

  #toEnd(line: Waiting<Report>): void {
    line.left = this.#weightOf(line.tenant);
    this.#lines.delete(line.tenant);
    this.#lines.set(line.tenant, line);
  }
}
