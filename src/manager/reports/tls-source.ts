// TLS reports (RFC 8460): about the sessions that the manager has counted, to the domains that ask for them.

import type { Resolver } from '../../dns/types.ts';
import type { ReportSource } from '../../reports/report-source.ts';
import { type Destinations, type Reporter, reportId, type ReportName } from '../../reports/report.ts';
import { readRecords, recordName } from '../../tlsrpt/record.ts';
import type { TlsSessions } from '../tls-sessions.ts';

export interface TlsSourceParts {
  readonly sessions: Pick<TlsSessions, 'counts' | 'report'>;
  readonly lookups: () => Pick<Resolver, 'txt'>;
  readonly reporter: () => Reporter;
}

export class TlsSource implements ReportSource {
  readonly kind = 'tls';
  readonly #parts: TlsSourceParts;

  constructor(parts: TlsSourceParts) {
    this.#parts = parts;
  }

  days(): readonly string[] {
    return this.#parts.sessions.counts.days;
  }

  domainsOf(day: string): Iterable<string> {
    return this.#parts.sessions.counts.domainsOf(day);
  }

  async destinations({ domain }: ReportName): Promise<Destinations> {
    const name = recordName(domain);
    const answer = await this.#parts.lookups().txt(name);
    if (answer.kind === 'failed') return { kind: 'failed', reason: `${name}: ${answer.reason}` };
    const record = answer.kind === 'found' ? readRecords(answer.records) : undefined;
    if (record === undefined) return { kind: 'none', reason: `${domain} asks for none` };
    if (record.kind === 'invalid') return { kind: 'none', reason: `${name} is invalid: ${record.reason}` };
    if (record.uris.length > 0) return { kind: 'found', uris: record.uris };
    return {
      kind: 'none',
      reason: `${name} has no address of mail or HTTPS: ${record.rua.join(', ').slice(0, 200)}`,
    };
  }

  text(name: ReportName): string | undefined {
    const reporter = this.#parts.reporter();
    const { organization, contact } = reporter;
    const json = this.#parts.sessions.report(name, { organization, contact, id: reportId(name, reporter) });
    return json === null ? undefined : `${JSON.stringify(json, undefined, 2)}\n`;
  }
}
