// Counts what is probably not meant in a table of rules, with an example of each.

import { isLargeNetwork } from '../../values/network.ts';
import type { ClientRule } from './client-rule.ts';
import { formatSubject, type RuleSubject } from './rule-subject.ts';

function isForMany(subject: RuleSubject): boolean {
  if (subject.kind === 'network') return isLargeNetwork(subject.network);
  return subject.kind === 'everyone' || subject.kind === 'named';
}

/** How many there are of one kind, and the first. */
class Counted {
  #count = 0;
  #example = '';

  note(example: string): void {
    if (this.#count++ === 0) this.#example = JSON.stringify(example.slice(0, 80));
  }

  /** @param text - of the warning, for one and for several */
  warning(one: (example: string) => string, several: (count: number, example: string) => string): string[] {
    if (this.#count === 0) return [];
    return [this.#count === 1 ? one(this.#example) : several(this.#count, this.#example)];
  }
}

export class RuleWarnings {
  readonly #repeated = new Counted();
  readonly #unused = new Map<string, Counted>();
  readonly #withoutColon = new Counted();
  readonly #open = new Counted();
  readonly #oddEnding = new Counted();
  readonly #notAscii = new Counted();

  /** A rule for clients that have one already. */
  repeated(who: string): void {
    this.#repeated.note(who);
  }

  /** A rule that no client meets. */
  unused(address: string, reason: string): void {
    let counted = this.#unused.get(reason);
    if (counted === undefined) this.#unused.set(reason, (counted = new Counted()));
    counted.note(address);
  }

  /** A rule as it is used. */
  used(subject: RuleSubject, rule: ClientRule): void {
    if (rule.kind === 'refuse') {
      // RFC 5321 4.2: nobody has asked for SMTPUTF8 yet when such a reply is sent.
      if (!/^[\x20-\x7e]*$/u.test(rule.text)) this.#notAscii.note(rule.text);
      return;
    }
    if (rule.relay === undefined) return;
    // With a text that is appended, mail goes where that says.
    if (rule.relay === '' && isForMany(subject)) this.#open.note(formatSubject(subject));
    if (/^[^@.][^@]*$/u.test(rule.relay)) this.#oddEnding.note(rule.relay);
  }

  /** A line of tcprules that is none. */
  withoutColon(line: string): void {
    this.#withoutColon.note(line);
  }

  /** One clause each, without a final period. */
  get list(): readonly string[] {
    return [
      ...this.#repeated.warning(
        (who) => `there are two rules for ${who}: the first counts`,
        (count, who) =>
          `${count} rules are for clients that have one already, such as ${who}: the first counts`,
      ),
      ...[...this.#unused].flatMap(([reason, counted]) =>
        counted.warning(
          (address) => `the rule for ${address} ${reason}`,
          (count, address) => `${count} rules are not used; the one for ${address} ${reason}`,
        ),
      ),
      ...this.#withoutColon.warning(
        (line) => `the line ${line} has no colon and is skipped`,
        (count, line) => `${count} lines such as ${line} have no colon and are skipped`,
      ),
      ...this.#open.warning(
        (who) =>
          `the rule for ${who} lets a large part of the Internet send mail to anyone through this host (open relay)`,
        (count, who) =>
          `${count} rules, such as that for ${who}, let a large part of the Internet send mail to anyone through this host (open relay)`,
      ),
      ...this.#oddEnding.warning(
        (text) => `${text} is appended to recipients as it is, and begins with neither "@" nor "."`,
        (count, text) =>
          `${count} texts such as ${text} are appended to recipients as they are, and begin with neither "@" nor "."`,
      ),
      ...this.#notAscii.warning(
        (text) => `${text} is not ASCII: the client gets question marks`,
        (count, text) => `${count} texts such as ${text} are not ASCII: the client gets question marks`,
      ),
    ];
  }
}
