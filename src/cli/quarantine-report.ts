// `sluice quarantine report`: how much mail is in quarantine, of which size and how old, by tenant, reason and domain of the sender, for a mail that
// cron sends.
// Promises: memory is bounded, whatever senders and reasons there are.

import type { Command } from 'commander';
import { domainOf } from '../address/domain.ts';
import type { QueueRow } from '../control/queue-row.ts';
import { configOption, readPlaces } from './config-file.ts';
import { duration } from './queue-filter.ts';
import { queueRows } from './queue-rows.ts';
import { printText } from './terminal-text.ts';
import { age, bytes as sizeText, table } from './text-table.ts';

interface ReportOptions {
  readonly config?: string;
  readonly tenant?: string;
  readonly since?: number;
  readonly json?: boolean;
}

export interface Tally {
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
  /** When the oldest of them was accepted, Unix ms. */
  readonly oldestMs: number;
}

/** The mail of one tenant in quarantine. */
export interface TenantReport {
  /** Empty: mail of no tenant. */
  readonly tenant: string;
  readonly messages: number;
  readonly recipients: number;
  readonly bytes: number;
  /** When the oldest message was accepted, Unix ms. */
  readonly oldestMs: number;
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
  const nowMs = Date.now();
  if (json === true) process.stdout.write(`${JSON.stringify({ sinceMs: since ?? null, nowMs, tenants })}\n`);
  else printText(reportText(tenants, nowMs, since));
}

/** Counts rows of the queue. */
export class QuarantineCounts {
  readonly #tenants = new Map<string, TenantCounts>();

  /** Rows of one message must come one after the other, as the queue lists them. */
  add({ tenant, queueId, quarantine, sender, sizeBytes = 0, receivedAtMs }: QueueRow): void {
    let counts = this.#tenants.get(tenant);
    if (counts === undefined) {
      counts = new TenantCounts();
      this.#tenants.set(tenant, counts);
    }
    counts.add(queueId, quarantine ?? '', domainOf(sender), { bytes: sizeBytes, oldestMs: receivedAtMs });
  }

  get tenants(): TenantReport[] {
    return [...this.#tenants]
      .map(([tenant, counts]) => counts.report(tenant))
      .sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
  }
}

/** What is counted of one message. */
interface Counted {
  readonly bytes: number;
  readonly oldestMs: number;
}

interface Sum {
  messages: number;
  bytes: number;
  oldestMs: number;
}

class TenantCounts {
  readonly #reasons = new Map<string, Sum>();
  readonly #domains = new Map<string, Sum>();
  readonly #all: Sum = nothing();
  #lastId = '';
  #recipients = 0;

  add(queueId: string, reason: string, domain: string, message: Counted): void {
    this.#recipients++;
    if (queueId === this.#lastId) return;
    this.#lastId = queueId;
    addTo(this.#all, message);
    addTo(sumOf(this.#reasons, reason), message);
    addTo(sumOf(this.#domains, domain), message);
  }

  report(tenant: string): TenantReport {
    return {
      tenant,
      ...this.#all,
      recipients: this.#recipients,
      reasons: mostFirst(this.#reasons),
      senderDomains: mostFirst(this.#domains),
    };
  }
}

function nothing(): Sum {
  return { messages: 0, bytes: 0, oldestMs: Infinity };
}

function sumOf(sums: Map<string, Sum>, name: string): Sum {
  const key = sums.has(name) || sums.size < mostNames ? name : otherNames;
  const sum = sums.get(key) ?? nothing();
  sums.set(key, sum);
  return sum;
}

function addTo(sum: Sum, { bytes, oldestMs }: Counted): void {
  sum.messages++;
  sum.bytes += bytes;
  sum.oldestMs = Math.min(sum.oldestMs, oldestMs);
}

function mostFirst(sums: ReadonlyMap<string, Sum>): Tally[] {
  return [...sums]
    .map(([name, { messages, bytes, oldestMs }]) => ({ name, messages, bytes, oldestMs }))
    .sort((a, b) => b.messages - a.messages || a.name.localeCompare(b.name));
}

/**
 * @param nowMs - Unix ms
 * @param sinceMs - only mail of so long ago was counted; undefined: all
 */
export function reportText(tenants: readonly TenantReport[], nowMs: number, sinceMs?: number): string {
  const when = sinceMs === undefined ? '' : `, accepted in the last ${age(sinceMs)}`;
  if (tenants.length === 0) return `No mail is in quarantine${when}.\n`;
  return tenants
    .map((each) => {
      const whose = each.tenant === '' ? 'Mail of no tenant' : `Tenant ${each.tenant}`;
      const reasons = tallies('REASON', each.reasons, nowMs);
      const domains = tallies('SENDER DOMAIN', each.senderDomains, nowMs);
      const messages = counted(each.messages, 'message');
      const recipients = counted(each.recipients, 'recipient');
      const size = `${sizeText(each.bytes)}, the oldest for ${age(nowMs - each.oldestMs)}`;
      return `${whose}: ${messages} in quarantine for ${recipients}${when}; ${size}\n\n${reasons}\n${domains}`;
    })
    .join('\n');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function tallies(title: string, counts: readonly Tally[], nowMs: number): string {
  const rest = counts.slice(toldNames);
  const others: Tally = {
    name: otherNames,
    messages: rest.reduce((sum, { messages }) => sum + messages, 0),
    bytes: rest.reduce((sum, { bytes }) => sum + bytes, 0),
    oldestMs: rest.reduce((oldest, { oldestMs }) => Math.min(oldest, oldestMs), Infinity),
  };
  const shown = [...counts.slice(0, toldNames), ...(rest.length === 0 ? [] : [others])];
  return table(
    ['MESSAGES', 'SIZE', 'OLDEST', title],
    shown.map(({ name, messages, bytes, oldestMs }) => [
      String(messages),
      sizeText(bytes),
      age(nowMs - oldestMs),
      name || '<>',
    ]),
  );
}
