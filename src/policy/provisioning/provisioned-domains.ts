// What the table of provisioning says about domains, for whoever asks: a receiver at RCPT, the manager for mail that waits. Promise: a table that cannot
// tell, and a record that cannot be used, are told from a domain without a record.

import { RecentMap } from '../../dns/recent-map.ts';
import { type Answer, firstOf, type Table } from '../../table/table.ts';
import { tableKey } from '../../table/table-key.ts';
import { ValueError } from '../../values/value-error.ts';
import { type DomainRecord, readRecord } from './record.ts';

export type KnownDomain =
  | { readonly kind: 'none' }
  | { readonly kind: 'record'; readonly record: DomainRecord; readonly text: string }
  /** The table cannot tell now. `reason` is a sentence without its period. */
  | { readonly kind: 'failing'; readonly reason: string }
  /** The record is there, and cannot be used. */
  | { readonly kind: 'wrong'; readonly reason: string };

/** Names that records may name. */
export interface KnownNames {
  readonly queues: ReadonlySet<string>;
  readonly routes: ReadonlySet<string>;
}

const none: KnownDomain = { kind: 'none' };
/** Records that are kept as they were read, and domains whose last answer is. */
const mostRecords = 10_000;
/** No domain has more labels that matter (RFC 1035 2.3.4). */
const mostParents = 20;

export class ProvisionedDomains {
  readonly #table: Pick<Table, 'name' | 'lookup' | 'lookupFirst'>;
  readonly #names: () => KnownNames;
  /** By the text of the record. */
  readonly #records = new RecentMap<string, KnownDomain>(mostRecords);
  /** Of tables that have to be waited for. */
  readonly #last = new RecentMap<string, KnownDomain>(mostRecords);

  constructor(table: Pick<Table, 'name' | 'lookup' | 'lookupFirst'>, names: () => KnownNames) {
    this.#table = table;
    this.#names = names;
  }

  /** @param domain - in lower-case A-labels */
  of(domain: string): KnownDomain | Promise<KnownDomain> {
    const keys = keysOf(domain);
    const answer = this.#table.lookupFirst?.(keys) ?? this.#table.lookup(keys);
    if (!(answer instanceof Promise)) return this.#known(answer);
    return answer.then((answered) => {
      const known = this.#known(answered);
      this.#last.set(domain, known);
      return known;
    });
  }

  /** What is known without waiting: what the table says, or has said to whoever asked last. Undefined: nobody has. */
  atOnce(domain: string): KnownDomain | undefined {
    const known = this.of(domain);
    return known instanceof Promise ? this.#last.get(domain) : known;
  }

  #known(answers: Answer | readonly Answer[]): KnownDomain {
    const answer = 'kind' in answers ? answers : firstOf(answers);
    switch (answer.kind) {
      case 'absent':
        return none;
      case 'failing':
        return {
          kind: 'failing',
          reason: `The table "${this.#table.name}" of provisioning cannot be asked: ${answer.reason}`,
        };
      case 'found':
        return this.#read(answer.values);
    }
  }

  #read(values: readonly string[]): KnownDomain {
    const text = values.join(' ');
    const kept = this.#records.get(text);
    if (kept !== undefined) return this.#withNames(kept);
    const read = readText(values, text);
    this.#records.set(text, read);
    return this.#withNames(read);
  }

  /** Queues and routes come and go by reloads. */
  #withNames(known: KnownDomain): KnownDomain {
    if (known.kind !== 'record') return known;
    const { queue, bounceRoute } = known.record;
    if (queue === undefined && bounceRoute === undefined) return known;
    const { queues, routes } = this.#names();
    if (queue !== undefined && !queues.has(queue)) return wrong(known.text, `there is no queue "${queue}"`);
    if (bounceRoute !== undefined && !routes.has(bounceRoute))
      return wrong(known.text, `there is no [[route]] "${bounceRoute}"`);
    return known;
  }
}

function readText(values: readonly string[], text: string): KnownDomain {
  try {
    return { kind: 'record', record: readRecord(values), text };
  } catch (error) {
    if (error instanceof ValueError) return wrong(text, error.message);
    throw error;
  }
}

function wrong(text: string, why: string): KnownDomain {
  const shown = JSON.stringify(text.slice(0, 200).replaceAll(/[^ -~]/gu, '?'));
  return { kind: 'wrong', reason: `The record ${shown} of provisioning cannot be used: ${why}` };
}

/** The domain, then `*.` and each domain above it, the nearest first. */
function keysOf(domain: string): readonly string[] {
  const key = /[A-Z\u0080-\uffff]/u.test(domain) ? tableKey(domain) : domain;
  const keys = [key];
  if (key.startsWith('[')) return keys;
  for (let dot = key.indexOf('.'); dot !== -1 && keys.length <= mostParents; dot = key.indexOf('.', dot + 1))
    keys.push(`*${key.slice(dot)}`);
  return keys;
}
