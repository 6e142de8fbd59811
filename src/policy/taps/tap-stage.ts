// Adds a copy for an archive to messages that a tap is for. Promises: the copy is stored in the record of its message, or the message is not
// accepted; a file of taps that cannot be read or understood is a temporary error, since an archive must not miss what it is there for.

import { domainOf } from '../../address/domain.ts';
import type { EnvelopeRecipient } from '../../message/envelope.ts';
import type { FollowedFile } from '../followed-file.ts';
import { meetsResultCondition, type ResultCondition } from '../../values/result-condition.ts';
import { loadExpressions } from './address-expression.ts';
import {
  type Answer,
  type ContentFacts,
  type Edit,
  goOn,
  type Point,
  type MailFacts,
  type Stage,
  type Verdict,
} from '../stage.ts';
import type { TapHit, TapRules } from './tap-rules.ts';

/** Whose mail: of clients that may relay or have logged in (`out`), of others (`in`). */
export type TapDirection = 'in' | 'out' | 'both';

export type TapDestination = 'any' | 'local' | 'remote';

/** One [[tap]]: at most one copy of a message. */
export interface TapSet {
  readonly name: string;
  readonly direction: TapDirection;
  /** Mail to domains that mail is accepted for (`local`), to others (`remote`), or to any. Others of its recipients do not count. */
  readonly destination?: TapDestination | undefined;
  /** Name of the [[route]] by which its copies go; undefined: the routing table decides. */
  readonly route?: string | undefined;
  /** Of these tenants alone; undefined: any mail. */
  readonly tenants: ReadonlySet<string> | undefined;
  /** What stages before must have found out; one of them is enough. Undefined: nothing. It is decided at the end of a message then. */
  readonly results?: readonly ResultCondition[] | undefined;
  /** A file is read anew when it has changed. */
  readonly rules: TapRules | FollowedFile<TapRules>;
}

/** A copy that a message gets, for the log. */
export interface NotedCopy {
  readonly queueId: string;
  readonly set: string;
  readonly hit: TapHit;
}

export class TapStage implements Stage {
  readonly name = 'taps';
  /** Whoever wants mail to be accepted does not decide that an archive misses it. */
  readonly isAskedAfterAccept = true;
  /** Decided at DATA. */
  readonly #early: readonly TapSet[];
  /** Decided when all has been found out. */
  readonly #late: readonly TapSet[];
  readonly #copied: (copy: NotedCopy) => void;
  readonly #isLocal: (domain: string) => boolean;
  #isLoaded = false;

  /**
   * @param copied - is told of each copy
   * @param isLocal - whether mail is accepted for a domain, in lower-case A-labels
   */
  constructor(
    sets: readonly TapSet[],
    copied: (copy: NotedCopy) => void,
    isLocal: (domain: string) => boolean = () => false,
  ) {
    this.#isLocal = isLocal;
    this.#early = sets.filter(({ results }) => results === undefined);
    this.#late = sets.filter(({ results }) => results !== undefined);
    this.#copied = copied;
  }

  /** At the end of a message alone where there is something to find out. */
  asksAt(point: Point): boolean {
    return (point === 'content' ? this.#late : this.#early).length > 0;
  }

  data(facts: MailFacts): Answer {
    return this.#ask(this.#early, facts);
  }

  content(facts: ContentFacts): Answer {
    const { results } = facts;
    if (results === undefined) return goOn;
    const sets = this.#late.filter(({ results: wanted = [] }) =>
      wanted.some((each) => meetsResultCondition(each, results[each.stage])),
    );
    return sets.length === 0 ? goOn : this.#ask(sets, facts);
  }

  #ask(sets: readonly TapSet[], facts: MailFacts): Answer {
    if (this.#isLoaded) return this.#decide(sets, facts);
    return loadExpressions().then(() => {
      this.#isLoaded = true;
      return this.#decide(sets, facts);
    });
  }

  #decide(all: readonly TapSet[], facts: MailFacts): Verdict | Promise<Verdict> {
    const { client, principal, transaction } = facts;
    const direction = client.mayRelay || principal !== undefined ? 'out' : 'in';
    const sets = all.filter(
      (set) =>
        (set.direction === 'both' || set.direction === direction) &&
        (set.tenants === undefined || set.tenants.has(transaction.tenant)),
    );
    if (sets.length === 0) return goOn;
    const rules = sets.map((set) => rulesOf(set));
    if (rules.some((each) => each instanceof Promise))
      return Promise.all(rules).then((known) => this.#verdict(sets, known, facts));
    return this.#verdict(sets, rules as readonly TapRules[], facts);
  }

  #verdict(
    sets: readonly TapSet[],
    rules: readonly TapRules[],
    { transaction: { queueId, reversePath, recipients }, isTrial }: MailFacts,
  ): Verdict {
    const addresses = recipients.flatMap(({ address, isCopy }) => (isCopy === true ? [] : [address]));
    const edits: Edit[] = [];
    // A tap at DATA may have been for the same address.
    const copies = new Set(
      recipients.flatMap(({ address, isCopy }) => (isCopy === true ? [address.toLowerCase()] : [])),
    );
    for (const [index, { name, destination = 'any', route }] of sets.entries()) {
      const meant = destination === 'any' ? addresses : this.#goingTo(destination, addresses);
      const hit = meant.length === 0 ? undefined : rules[index]?.find(reversePath, meant);
      if (hit === undefined) continue;
      if (!isTrial) this.#copied({ queueId, set: name, hit });
      const { copyTo } = hit.tap;
      if (copies.has(copyTo.toLowerCase())) continue;
      copies.add(copyTo.toLowerCase());
      edits.push({ kind: 'add-recipient', recipient: copyFor(copyTo, route) });
    }
    return edits.length === 0 ? goOn : { kind: 'continue', edits };
  }

  #goingTo(destination: 'local' | 'remote', addresses: readonly string[]): readonly string[] {
    return addresses.filter((address) => {
      const domain = domainOf(address);
      // The postmaster without a domain is that of this host.
      return (domain === '' || this.#isLocal(domain)) === (destination === 'local');
    });
  }
}

/** RFC 3461 4.1: nobody is to hear of what becomes of it. */
export function copyFor(address: string, route: string | undefined): EnvelopeRecipient {
  const notify = { never: true, success: false, failure: false, delay: false };
  return { address, isCopy: true, notify, ...(route !== undefined && { route }) };
}

function rulesOf({ rules }: TapSet): TapRules | Promise<TapRules> {
  return 'find' in rules ? rules : rules.content();
}
