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
  /** The lines of tenants that have no turns. */
  readonly #aside = new Map<string, Waiting<Report>>();
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
    const line = this.#aside.get(tenant) ?? this.#lines.get(tenant);
    if (line === undefined) this.#lines.set(tenant, this.#newLine(tenant, [report]));
    else line.reports.push(report);
  }

  /** Tenants that have no turns: see `setAside`. */
  get aside(): readonly string[] {
    return [...this.#aside.keys()];
  }

  /** Reports of a tenant that has no turns. */
  sizeAside(tenant: string): number {
    const line = this.#aside.get(tenant);
    return line === undefined ? 0 : line.reports.length - line.first;
  }

  /** This report could not be written, and others of the tenant would not be either: it is the first again, and the tenant has no turns until `resume`. */
  setAside(tenant: string, report: Report): void {
    this.#size++;
    const line = this.#aside.get(tenant) ?? this.#lines.get(tenant) ?? this.#newLine(tenant, []);
    this.#lines.delete(tenant);
    if (line.first > 0) line.reports[--line.first] = report;
    else line.reports.unshift(report);
    this.#aside.set(tenant, line);
  }

  /** The first report of a tenant that has no turns, to see whether it can be written now. */
  takeAside(tenant: string): Report | undefined {
    const line = this.#aside.get(tenant);
    const report = line?.reports[line.first];
    if (line === undefined || report === undefined) return undefined;
    line.first++;
    this.#size--;
    return report;
  }

  /** The tenant has turns again. @returns false when it had them already */
  resume(tenant: string): boolean {
    const line = this.#aside.get(tenant);
    if (line === undefined) return false;
    this.#aside.delete(tenant);
    if (line.first < line.reports.length) this.#lines.set(tenant, line);
    return true;
  }

  #newLine(tenant: string, reports: Report[]): Waiting<Report> {
    return { tenant, reports, first: 0, left: this.#weightOf(tenant) };
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
