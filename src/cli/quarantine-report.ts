// `sluice quarantine report`: how much mail is in quarantine, by tenant, reason and domain of the sender, for a mail that cron sends.
// Promises: memory is bounded, whatever senders and reasons there are.

import type { Command } from 'commander';
import { domainOf } from '../address/domain.ts';
import type { QueueRow } from '../control/queue-row.ts';
import { configOption, readPlaces } from './config-file.ts';
import { duration } from './queue-filter.ts';
import { queueRows } from './queue-rows.ts';
import { printText } from './terminal-text.ts';
import { age, table } from './text-table.ts';

interface ReportOptions {
  readonly config?: string;
  readonly tenant?: string;
  readonly since?: number;
  readonly json?: boolean;
}

export interface Tally {
  readonly name: string;
  readonly messages: number;
}

/** The mail of one tenant in quarantine. */
export interface TenantReport {
  /** Empty: mail of no tenant. */
  readonly tenant: string;
  readonly messages: number;
  readonly recipients: number;
  /** The most frequent first. */
  readonly reasons: readonly Tally[];
  /** The empty name is the null sender's. */
  readonly senderDomains: readonly Tally[];
}

/** Names that are counted each, for a tenant; messages of later ones are counted together. */
const mostNames = 1_000;
const otherNames = '(all others)';
/** Names that are printed as text. */
const toldNames = 10;

export function register(quarantine: Command): void {
  quarantine
    .command('report')
    .description('count the mail in quarantine by tenant, reason and domain of the sender')
    .option('--tenant <name>', "only this tenant's mail; '' is mail of no tenant")
    .option('--since <age>', 'only mail that was accepted in this time, e.g. 1d', duration)
    .option('--json', 'print JSON for programs')
    .addOption(configOption())
    .action(report);
}

async function report({ config, tenant, since, json }: ReportOptions): Promise<void> {
  const filter = { quarantine: '*', tenant, newerThanMs: since };
  const counts = new QuarantineCounts();
  for await (const row of queueRows(readPlaces(config), filter, 0)) counts.add(row);
  const { tenants } = counts;
  if (json === true) process.stdout.write(`${JSON.stringify({ sinceMs: since ?? null, tenants })}\n`);
  else printText(reportText(tenants, since));
}

/** Counts rows of the queue. */
export class QuarantineCounts {
  readonly #tenants = new Map<string, TenantCounts>();

  /** Rows of one message must come one after the other, as the queue lists them. */
  add({ tenant, queueId, quarantine, sender }: QueueRow): void {
    let counts = this.#tenants.get(tenant);
    if (counts === undefined) {
      counts = new TenantCounts();
      this.#tenants.set(tenant, counts);
    }
    counts.add(queueId, quarantine ?? '', domainOf(sender));
  }

  get tenants(): TenantReport[] {
    return [...this.#tenants]
      .map(([tenant, counts]) => counts.report(tenant))
      .sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
  }
}

class TenantCounts {
  readonly #reasons = new Map<string, number>();
  readonly #domains = new Map<string, number>();
  #lastId = '';
  #messages = 0;
  #recipients = 0;

  add(queueId: string, reason: string, domain: string): void {
    this.#recipients++;
    if (queueId === this.#lastId) return;
    this.#lastId = queueId;
    this.#messages++;
    countOne(this.#reasons, reason);
    countOne(this.#domains, domain);
  }

  report(tenant: string): TenantReport {
    return {
      tenant,
      messages: this.#messages,
      recipients: this.#recipients,
      reasons: mostFirst(this.#reasons),
      senderDomains: mostFirst(this.#domains),
    };
  }
}

function countOne(counts: Map<string, number>, name: string): void {
  const key = counts.has(name) || counts.size < mostNames ? name : otherNames;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mostFirst(counts: ReadonlyMap<string, number>): Tally[] {
  return [...counts]
    .map(([name, messages]) => ({ name, messages }))
    .sort((a, b) => b.messages - a.messages || a.name.localeCompare(b.name));
}

/** @param sinceMs - only mail of so long ago was counted; undefined: all */
export function reportText(tenants: readonly TenantReport[], sinceMs?: number): string {
  const when = sinceMs === undefined ? '' : `, accepted in the last ${age(sinceMs)}`;
  if (tenants.length === 0) return `No mail is in quarantine${when}.\n`;
  return tenants
    .map((each) => {
      const whose = each.tenant === '' ? 'Mail of no tenant' : `Tenant ${each.tenant}`;
      const reasons = tallies('REASON', each.reasons);
      const domains = tallies('SENDER DOMAIN', each.senderDomains);
      const messages = counted(each.messages, 'message');
      const recipients = counted(each.recipients, 'recipient');
      return `${whose}: ${messages} in quarantine for ${recipients}${when}\n\n${reasons}\n${domains}`;
    })
    .join('\n');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function tallies(title: string, counts: readonly Tally[]): string {
  const shown = counts.slice(0, toldNames).map(({ name, messages }) => [String(messages), name || '<>']);
  const others = counts.slice(toldNames).reduce((sum, { messages }) => sum + messages, 0);
  return table(['MESSAGES', title], others === 0 ? shown : [...shown, [String(others), otherNames]]);
}
