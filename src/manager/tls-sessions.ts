// Counts what TLS came to with other hosts, for TLS reports (RFC 8460): each session once, under the policy that it had, for the domain
// of its first message. The counts are kept in the spool's folder; a crash loses those of the last minute or two.

import { z } from 'zod';
import type { CloseReport } from '../deliver/types.ts';
import { demandOf } from '../route/security/demand.ts';
import { RecentMap } from '../dns/recent-map.ts';
import type { Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { EffectOf } from '../schedule/drive.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import type { PolicyKeeper } from '../sts/policy-keeper.ts';
import { stsPolicyLines } from '../sts/sts-policy.ts';
import { type ReportFacts, type TlsReport, tlsReport } from '../tlsrpt/report-json.ts';
import { dayOf, type ReportedPolicy, SessionCounts } from '../tlsrpt/session-counts.ts';
import type { TlsOutcome, TlsProblem } from '../values/tls-outcome.ts';
import { StateFile } from './state-file.ts';
import { StateSaver } from './state-saver.ts';
import { tlsCountsSchema } from './state-schemas.ts';

export interface TlsSessionsParts {
  /** Path of the file. */
  readonly path: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Logger;
  /** Unix ms. */
  readonly dateMs: () => number;
}

type Connecting = EffectOf<'connect'>;

const saveIntervalMs = 60_000;
/** Sluice looks again and again at the hosts of a domain while mail waits for it. */
const leftOutEveryMs = 300_000;
const maxLeftOut = 10_000;
const noEnds = { sendingIp: '', host: '', receivingIp: '' };

export class TlsSessions {
  readonly counts = new SessionCounts();
  readonly #parts: TlsSessionsParts;
  readonly #file: StateFile;
  readonly #saver: StateSaver;
  /** Connections that are being opened to MX hosts. */
  readonly #connecting = new Map<number, Connecting>();
  /** Unix ms at which a host that a policy leaves out was counted last, by domain and host. */
  readonly #leftOut = new RecentMap<string, number>(maxLeftOut);
  #keeper: Pick<PolicyKeeper, 'about' | 'fits'> | undefined;

  private constructor(parts: TlsSessionsParts) {
    this.#parts = parts;
    this.#file = new StateFile(parts.path, { files: parts.files });
    this.#saver = new StateSaver({
      ...parts,
      file: this.#file,
      what: 'counts of TLS sessions',
      intervalMs: saveIntervalMs,
      content: () => ({ version: 2, days: this.counts.snapshot() }),
    });
  }

  /** Reads the counts of the last days. A file that cannot be read stops no start: counting begins anew. */
  static async open(parts: TlsSessionsParts): Promise<TlsSessions> {
    const sessions = new TlsSessions(parts);
    await sessions.#restore();
    return sessions;
  }

  /** Tells it who knows the MTA-STS policies of domains. */
  use(keeper: Pick<PolicyKeeper, 'about' | 'fits'>): void {
    this.#keeper = keeper;
  }

  /**
   * A connection is being opened. Smarthosts and LMTP servers are nobody's to report to, and what a message demands itself (RFC 8689) is
   * not the policy of the domain. Reports say `TLS-Required: No`, so that their own sessions are in no report (RFC 8460 3).
   */
  begins(connect: Connecting): void {
    const { connection, domain, hop, key, site } = connect;
    const isReported =
      hop.transport === 'smtp' &&
      hop.tls?.needsRequireTls !== true &&
      demandOf(key) !== 'tls-required-no' &&
      site.startsWith('mx') &&
      !domain.startsWith('[');
    if (isReported) this.#connecting.set(connection, connect);
  }

  /** The connection is ready. @param outcome - undefined when TLS was not tried */
  ready(connection: number, outcome: TlsOutcome | undefined): void {
    if (outcome === undefined) this.#connecting.delete(connection);
    else this.#end(connection, outcome);
  }

  closed(connection: number, report: CloseReport): void {
    if (report.kind === 'failed' && report.tls !== undefined) this.#end(connection, report.tls);
    else this.#connecting.delete(connection);
  }

  /** A policy could not be had (RFC 8460 4.3.2.2). */
  policyFailed(domain: string, problem: TlsProblem): void {
    const policy = this.#published(domain) ?? { type: 'sts', domain, strings: [], hosts: [] };
    this.counts.failed(dayOf(this.#parts.dateMs()), policy, problem, noEnds);
    this.#saver.touched();
  }

  /**
   * A host is not used because the domain's policy, in mode enforce, does not name it. There is no session that could fail, and the
   * domain wants to know of it all the same: mail may wait for that until its end. So it is one failed session in five minutes, of the
   * type that RFC 8460 4.3.3 has for what has no type of its own.
   */
  hostLeftOut(domain: string, host: string): void {
    const policy = this.#published(domain);
    const now = this.#parts.dateMs();
    const key = `${domain} ${host}`;
    if (policy === undefined || now - (this.#leftOut.get(key) ?? -Infinity) < leftOutEveryMs) return;
    this.#leftOut.set(key, now);
    this.counts.failed(dayOf(now), policy, notNamed(domain, host), { ...noEnds, host });
    this.#saver.touched();
  }

  /** The report about a policy domain; null when nothing was counted. */
  report(
    { domain, day }: { readonly domain: string; readonly day: string },
    us: Omit<ReportFacts, 'day'>,
  ): TlsReport | null {
    const counts = this.counts.ofDomain(day, domain);
    return counts.length === 0 ? null : tlsReport({ day, ...us }, counts);
  }

  /** Resolves when all counts are on stable storage. */
  close(): Promise<void> {
    return this.#saver.close();
  }

  #end(connection: number, outcome: TlsOutcome): void {
    const connect = this.#connecting.get(connection);
    if (connect === undefined) return;
    this.#connecting.delete(connection);
    const { domain, hop, source = '' } = connect;
    const { host, ip } = hop;
    const day = dayOf(this.#parts.dateMs());
    const policy = this.#policyOf(connect);
    if (policy === undefined) return;
    const problem = problemOf(policy, outcome) ?? this.#strayHost(policy, domain, host);
    if (problem === undefined) this.counts.succeeded(day, policy);
    else this.counts.failed(day, policy, problem, { sendingIp: source, host, receivingIp: ip });
    this.#saver.touched();
  }

  /** RFC 8460 4.3 has no type of its own for a host outside of the policy, which mode testing lets have the mail. */
  #strayHost({ type, hosts }: ReportedPolicy, domain: string, host: string): TlsProblem | undefined {
    if (type !== 'sts' || this.#keeper?.fits(hosts, host) !== false) return undefined;
    return notNamed(domain, host);
  }

  /** Undefined: the policy of the domain did not count for this connection. */
  #policyOf({ domain, hop }: Connecting): ReportedPolicy | undefined {
    const tls = hop.tls;
    if (tls?.from === 'dane') {
      const strings = tls.tlsa.map((one) => `${one.usage} ${one.selector} ${one.matchingType} ${one.data}`);
      return { type: 'tlsa', domain: tls.policyDomain, strings, hosts: [hop.host] };
    }
    // The message said `TLS-Required: No` (RFC 8689 5).
    const isWaived = tls === undefined || tls.level === 'none' || tls.level === 'opportunistic';
    if (isWaived && this.#keeper?.about(domain).known?.policy.mode === 'enforce') return undefined;
    return this.#published(domain) ?? { type: 'no-policy-found', domain, strings: [], hosts: [] };
  }

  #published(domain: string): ReportedPolicy | undefined {
    const policy = this.#keeper?.about(domain).known?.policy;
    return policy && { type: 'sts', domain, strings: stsPolicyLines(policy), hosts: policy.mx };
  }

  async #restore(): Promise<void> {
    try {
      const found = await this.#file.read();
      if (found !== undefined) this.counts.restore(tlsCountsSchema.parse(found).days);
    } catch (error) {
      const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      this.#parts.log.warn(`counts of TLS sessions begin anew: ${this.#file.path} cannot be read: ${reason}`);
    }
  }
}

function notNamed(domain: string, host: string): TlsProblem {
  return { result: 'validation-failure', reason: `${host} is not in the MTA-STS policy of ${domain}` };
}

function problemOf({ type }: ReportedPolicy, outcome: TlsOutcome): TlsProblem | undefined {
  if (outcome.kind !== 'secured') return outcome;
  // Without a policy any certificate will do (RFC 7435 3), so it is no failure.
  return type === 'no-policy-found' ? undefined : outcome.problem;
}
