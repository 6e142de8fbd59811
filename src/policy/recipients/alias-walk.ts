// Follows an alias to the mailboxes that it stands for, to find out whether mail for it would arrive. The mail itself stays as it is: aliases are
// expanded where it is delivered, by this host (`deliver/mailbox/expand-alias.ts`) or the next one. Promises: every walk ends; an alias that goes in circles, or leads nowhere, is our own fault, and a
// temporary error; what is for other domains than ours is taken to exist.

import { tableKey } from '../../table/table-key.ts';
import type { Answer } from '../../table/table.ts';
import { isPostmaster, mailboxKeys } from '../mailbox-keys.ts';
import { type AliasTarget, aliasTargets } from './alias-targets.ts';
import {
  type AskedRecipient,
  askedRecipient,
  exists,
  type RecipientAnswer,
  unknown,
} from './recipient-source.ts';
import type { Aliases, RecipientRule, RecipientRules } from './recipient-rules.ts';

/** Aliases that lead to each other. */
const mostDeep = 20;
/** Addresses of one walk, in all. */
const mostAddresses = 1000;

/** An alias that nobody can follow. The message is a sentence without its full stop. */
class AliasFault extends Error {}

export class AliasWalk {
  readonly #rules: RecipientRules;
  /** Aliases that were followed to their ends. */
  readonly #done = new Set<string>();
  readonly #missing: string[] = [];
  /** That the walk has begun with: its key in the table. */
  #alias = '';
  #addresses = 0;

  constructor(rules: RecipientRules) {
    this.#rules = rules;
  }

  /** It never rejects. @param rule - of its domain; it has aliases */
  async find(asked: AskedRecipient, rule: RecipientRule, { reports }: Aliases): Promise<RecipientAnswer> {
    try {
      const answer = await this.#find(asked, rule, []);
      if (this.#missing.length === 0) {
        if (answer.kind !== 'failing') reports.worked(this.#alias);
        return answer;
      }
      const missing = this.#missing.slice(0, 3).join(', ');
      const what = `The alias ${this.#alias} stands for ${missing}, and there is no such mailbox`;
      if (answer.kind === 'unknown') throw new AliasFault(what);
      const effect = 'The others that it stands for are there, so mail for it is accepted.';
      reports.failed(this.#alias, `${what}. ${effect}`, 'warning');
      return answer;
    } catch (error) {
      if (!(error instanceof AliasFault)) throw error;
      reports.failed(this.#alias, `${error.message}. Mail for it is answered with temporary errors.`);
      return { kind: 'failing', reason: error.message };
    }
  }

  async #find(asked: AskedRecipient, rule: RecipientRule, path: readonly string[]): Promise<RecipientAnswer> {
    const { aliases } = rule;
    if (aliases === undefined) return mailboxOf(asked, rule);
    const keys = mailboxKeys(asked.localPart, asked.domain, aliases);
    const answers = await aliases.table.lookup(keys);
    const failing = answers.find((answer) => answer.kind === 'failing');
    if (failing !== undefined) return failing;
    const at = answers.findIndex(({ kind }) => kind === 'found');
    const [key = '', found] = [keys[at], answers[at]];
    if (!key.startsWith('@')) {
      if (found !== undefined) return this.#expand(key, found, asked, rule, path);
      return mailboxOf(asked, rule);
    }
    // The alias for all names of a domain.
    const mailbox = await mailboxOf(asked, rule);
    if (mailbox.kind !== 'unknown' || found === undefined) return mailbox;
    return this.#expand(key, found, asked, rule, path);
  }

  /** @param alias - its key in the table */
  async #expand(
    alias: string,
    found: Answer,
    asked: AskedRecipient,
    rule: RecipientRule,
    path: readonly string[],
  ): Promise<RecipientAnswer> {
    if (path.length === 0) this.#alias = alias;
    const key = keyOf(asked);
    const way = [...path, key];
    if (path.includes(key)) throw new AliasFault(`An alias goes in circles: ${way.join(' -> ')}`);
    if (way.length > mostDeep)
      throw new AliasFault(`The aliases ${way.slice(0, 3).join(' -> ')} ... are more than ${mostDeep} deep`);
    if (this.#done.has(key)) return exists;
    let best: RecipientAnswer = unknown;
    for (const target of targetsOf(alias, found, asked)) {
      if (++this.#addresses > mostAddresses)
        throw new AliasFault(`The alias ${this.#alias} stands for more than ${mostAddresses} addresses`);
      best = better(best, await this.#reach(target, alias, asked, rule, way, best.kind === 'exists'));
    }
    this.#done.add(key);
    return best;
  }

  /**
   * @param alias - its key in the table
   * @param isEnough - another target exists: a costly source need not be asked
   */
  async #reach(
    target: AliasTarget,
    alias: string,
    asked: AskedRecipient,
    rule: RecipientRule,
    way: readonly string[],
    isEnough: boolean,
  ): Promise<RecipientAnswer> {
    if (target.kind === 'delivery' && rule.aliases?.areExpandedHere === true)
      throw new AliasFault(
        `The alias ${way.at(-1) ?? ''} names ${JSON.stringify(target.text.slice(0, 100))}, which is only for users of the system`,
      );
    if (target.kind === 'delivery') return exists;
    const next = askedRecipient(`${target.localPart}@${target.domain}`, target.domain);
    const itsRule = target.domain === asked.domain ? rule : this.#rules.naming(target.domain);
    if (itsRule === undefined) return exists;
    if (isEnough && itsRule.aliases === undefined && itsRule.source?.isCostly === true) return exists;
    // An extension of the alias is an address of the same mailbox.
    const isItself = target.isFinal || keyOf(next) === way.at(-1) || alias === keyOf(next);
    // Without a source of mailboxes, an alias that names itself is the only one that knows its mailbox.
    if (isItself && itsRule.source === undefined) return exists;
    const answer = isItself ? await mailboxOf(next, itsRule) : await this.#find(next, itsRule, way);
    if (answer.kind === 'unknown') this.#missing.push(next.address);
    return answer;
  }
}

async function mailboxOf(asked: AskedRecipient, { source }: RecipientRule): Promise<RecipientAnswer> {
  // RFC 5321 4.5.1
  if (isPostmaster(asked.localPart)) return exists;
  return (await source?.find(asked)) ?? unknown;
}

const order = ['exists', 'failing', 'refused', 'unknown'];

function better(one: RecipientAnswer, other: RecipientAnswer): RecipientAnswer {
  return order.indexOf(other.kind) < order.indexOf(one.kind) ? other : one;
}

function targetsOf(alias: string, found: Answer, asked: AskedRecipient): readonly AliasTarget[] {
  const values = found.kind === 'found' ? found.values : [];
  try {
    const targets = values.flatMap((value) => aliasTargets(value, asked));
    if (targets.length > 0) return targets;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AliasFault(`The alias ${alias} cannot be read: ${reason}`);
  }
  throw new AliasFault(`The alias ${alias} stands for nothing`);
}

function keyOf({ localPart, domain }: AskedRecipient): string {
  return tableKey(`${localPart}@${domain}`);
}
