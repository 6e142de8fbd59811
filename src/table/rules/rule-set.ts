// The rules of one version of a table, and which of them holds for a client: the most specific one, in the order of tcpserver(1).
// Promises: a look-up costs one probe for each length that networks of the set have, and for each label of a name, however many rules
// there are; nothing of it waits.

import { type AddressBits, readAddress } from '../../values/address-bits.ts';
import { PackedMap } from '../packed-map.ts';
import { brokenTable } from '../table-error.ts';
import { tableKey } from '../table-key.ts';
import { type ClientRule, formatRule, parseRule } from './client-rule.ts';
import {
  formatSubject,
  keys,
  nameKey,
  networkKey,
  type RuleSubject,
  subjectKey,
  suffixKey,
  userKey,
} from './rule-subject.ts';
import { networkBits } from '../../values/network.ts';

/** A rule that holds. The same object comes again for the same rule, as long as it is remembered. */
export interface HeldRule {
  /** Whom it is about, in Sluice's own form. */
  readonly who: string;
  readonly rule: ClientRule;
}

/** What rules by name say, as far as they could hold in place of another rule. */
export interface NameEffects {
  readonly any: boolean;
  readonly refuses: boolean;
  readonly relays: boolean;
  /** The largest message that one of them allows; Infinity for no limit, 0 where none says so. */
  readonly maxMessageBytes: number;
}

/** Rules that were taken out of the packed form; most sets have fewer. */
const mostRemembered = 4_096;
/** Of one rule, with whom it is about. */
const mostBytes = 32_768;

const everyone = formatSubject({ kind: 'everyone' });
const noNames: readonly string[] = [];

const words = new Uint32Array(4);

export class RuleSet {
  readonly #rules: PackedMap;
  #count = 0;
  readonly #lengths: Readonly<Record<32 | 128, Set<number>>> = { 32: new Set(), 128: new Set() };
  /** Longest first, without those of whole addresses. */
  #networkLengths: Readonly<Record<32 | 128, readonly number[]>> = { 32: [], 128: [] };
  /** Of rules for one name, and of rules for many. */
  readonly #exactNames = new Effects();
  readonly #otherNames = new Effects();
  readonly #remembered = new Map<string, HeldRule>();
  #bareUser: string | undefined;

  /** @param expectedBytes - of all rules, about */
  constructor(expectedBytes: number) {
    this.#rules = new PackedMap(expectedBytes, false);
  }

  get size(): number {
    return this.#count;
  }

  /** The first user without a domain that a rule is for. */
  get bareUser(): string | undefined {
    return this.#bareUser;
  }

  /** Adds a rule. Of several for the same clients, the first counts. @throws {TableError} when there is no room */
  add(subject: RuleSubject, rule: ClientRule): void {
    const value = Buffer.from(`${formatSubject(subject)} ${formatRule(rule)}`);
    if (value.length > mostBytes)
      throw brokenTable(
        `the rule for ${formatSubject(subject).slice(0, 80)} has more than ${mostBytes} bytes`,
      );
    if (!this.#rules.add(Buffer.from(subjectKey(subject)), value))
      throw brokenTable('it holds more than 4 GiB');
    this.#count++;
    if (subject.kind === 'user' && subject.user !== '*' && !subject.user.includes('@'))
      this.#bareUser ??= subject.user;
    if (subject.kind === 'network') {
      const read = networkBits(subject.network);
      if (read !== undefined) this.#lengths[read.bits].add(read.length);
    } else if (subject.kind === 'name' && subject.pattern.kind === 'exact') this.#exactNames.note(rule);
    else if (subject.kind === 'name' || subject.kind === 'named') this.#otherNames.note(rule);
  }

  /**
   * Makes the rules findable, once, after the last `add`.
   * @param turn - is awaited now and then
   * @param repeated - is told of each rule whose clients have one already
   */
  async index(turn: () => Promise<void>, repeated: (who: string) => void): Promise<void> {
    await this.#rules.index(turn, (key) => {
      const [value = ''] = this.#rules.valuesOf(key) ?? [];
      repeated(value.slice(0, value.indexOf(' ')));
    });
    const sorted = (bits: 32 | 128): number[] =>
      [...this.#lengths[bits]].filter((length) => length < bits).toSorted((a, b) => b - a);
    this.#networkLengths = { 32: sorted(32), 128: sorted(128) };
  }

  /**
   * The rule for a client with an address.
   * @param names - its verified names, in lower case; most clients have one, or none
   */
  find(address: string, names: readonly string[] = noNames): HeldRule | undefined {
    const bits = readAddress(address, words);
    return (
      this.#whole(bits) ??
      this.#exactName(names) ??
      this.#network(bits) ??
      this.#suffix(names) ??
      (names.length === 0 ? undefined : this.#at(keys.named)) ??
      this.#at(keys.everyone)
    );
  }

  /** The rule for programs of this host. */
  findLocal(): HeldRule | undefined {
    return this.#at(keys.local);
  }

  /** The rule for a user: the user's own, that of the domain, that of all users. */
  findUser(user: string): HeldRule | undefined {
    const at = user.lastIndexOf('@');
    return (
      this.#at(userKey(user)) ??
      (at === -1 ? undefined : this.#at(userKey(user.slice(at)))) ??
      this.#at(keys.anyUser)
    );
  }

  /**
   * What a name could change for a client.
   * @param found - what `find` has found for its address without a name
   */
  nameEffects(address: string, found: HeldRule | undefined): NameEffects {
    if (found === undefined || found.who === everyone) return this.#exactNames.with(this.#otherNames);
    // Only a rule for the whole address comes before one for a name.
    return this.#whole(readAddress(address, words)) === undefined ? this.#exactNames : none;
  }

  #whole(bits: AddressBits): HeldRule | undefined {
    if (bits === 0 || !this.#lengths[bits].has(bits)) return undefined;
    return this.#at(networkKey(words, bits, bits));
  }

  #network(bits: AddressBits): HeldRule | undefined {
    if (bits === 0) return undefined;
    for (const length of this.#networkLengths[bits]) {
      const found = this.#at(networkKey(words, bits, length));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #exactName(names: readonly string[]): HeldRule | undefined {
    if (!this.#exactNames.any) return undefined;
    for (const name of names) {
      const found = this.#at(nameKey(name));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The longest domain that a name is under. */
  #suffix(names: readonly string[]): HeldRule | undefined {
    if (!this.#otherNames.any) return undefined;
    let best: HeldRule | undefined;
    for (const name of names) {
      const found = this.#suffixOf(name);
      if (found !== undefined && found.who.length > (best?.who.length ?? 0)) best = found;
    }
    return best;
  }

  #suffixOf(name: string): HeldRule | undefined {
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const found = this.#at(suffixKey(name.slice(dot + 1)));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #at(key: string): HeldRule | undefined {
    const [value] = this.#rules.valuesOf(key) ?? [];
    if (value === undefined) return undefined;
    const known = this.#remembered.get(value);
    if (known !== undefined) return known;
    const space = value.indexOf(' ');
    const held = { who: value.slice(0, space), rule: parseRule(value.slice(space + 1)) };
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    this.#remembered.set(value, held);
    return held;
  }
}

/** The answer to a question such as `192.0.2.1`, `192.0.2.1 mail.example.com`, `local` or `user:joe@example.com`, for people. */
export function askRules(rules: RuleSet, question: string): HeldRule | undefined {
  const key = tableKey(question.trim());
  if (key === 'local') return rules.findLocal();
  if (key.startsWith('user:')) return rules.findUser(key.slice('user:'.length));
  const [address = '', ...names] = key.split(/\s+/u);
  return rules.find(address, names);
}

class Effects implements NameEffects {
  any = false;
  refuses = false;
  relays = false;
  maxMessageBytes = 0;

  note(rule: ClientRule): void {
    this.any = true;
    if (rule.kind === 'refuse') {
      this.refuses = true;
      return;
    }
    const { relay, maxMessageBytes } = rule;
    if (relay !== undefined) this.relays = true;
    if (maxMessageBytes !== undefined)
      this.maxMessageBytes = Math.max(
        this.maxMessageBytes,
        maxMessageBytes === 0 ? Infinity : maxMessageBytes,
      );
  }

  with(other: NameEffects): NameEffects {
    return {
      any: this.any || other.any,
      refuses: this.refuses || other.refuses,
      relays: this.relays || other.relays,
      maxMessageBytes: Math.max(this.maxMessageBytes, other.maxMessageBytes),
    };
  }
}

const none: NameEffects = new Effects();
