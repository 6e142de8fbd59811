// One DNS list (RFC 5782), as all sessions of a process ask it. Promises: an answer comes within the time limit, and never rejects; a list that is
// dead, refuses, or lists everything has no say, is a trouble, and makes nobody wait again and again.

import type { Resolver } from '../../dns/types.ts';
import type { Deadlines } from '../../io/deadlines.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { meaningOf } from '../../values/list-answer.ts';
import { type FailedLookup, within } from '../defences/within.ts';
import type { ListQuestion } from './list-name.ts';

export type ListAnswer =
  /** At least one; each in 127.0.0.0/8, and none that says that the list refuses to answer. */
  | { readonly kind: 'listed'; readonly answers: readonly string[] }
  | { readonly kind: 'unlisted' }
  /** The list has no say. @param reason - a clause for people */
  | { readonly kind: 'failed'; readonly reason: string };

export interface DnsListParts {
  readonly resolver: Pick<Resolver, 'addresses' | 'txt'>;
  readonly deadlines: Pick<Deadlines, 'set' | 'clear' | 'nowMs'>;
  readonly log: Pick<Logger, 'error' | 'info'>;
  readonly troubles: Troubles;
}

/** After so many failures in a row the list is left alone. */
const failuresBeforeRest = 3;
const restMs = 60_000;
/** For so long it counts that a list does not list everything. */
const soundMs = 3_600_000;
/** More records than any list gives for one entry. */
const mostAnswers = 64;
/** Words of a list in a reply. */
const mostTextLength = 200;

export class DnsList {
  /** What stands in replies, the log and troubles in place of its zone, which may have a secret key in it. */
  readonly shownAs: string;
  readonly #parts: DnsListParts;
  #inARow = 0;
  #restsUntilMs = -Infinity;
  #isSoundUntilMs = -Infinity;

  constructor(shownAs: string, parts: DnsListParts) {
    this.shownAs = shownAs;
    this.#parts = parts;
  }

  /** @param limitMs - after so long it has failed, exact to a second */
  async ask(question: ListQuestion, limitMs: number): Promise<ListAnswer> {
    if (this.#isResting()) return { kind: 'failed', reason: 'it is left alone after failures' };
    const { resolver } = this.#parts;
    const answer = await this.#within(limitMs, resolver.addresses(question.name, 4));
    switch (answer.kind) {
      case 'failed':
        // Our own name servers are to blame, and a trouble of their own.
        if ('noServer' in answer && answer.noServer === true)
          return { kind: 'failed', reason: answer.reason };
        return this.#failed(answer.reason);
      case 'nodata':
      case 'nxdomain':
        this.#worked();
        return { kind: 'unlisted' };
      case 'found':
        return this.#found(answer.records.slice(0, mostAnswers), question, limitMs);
    }
  }

  /** What the list says of an entry: printable ASCII on one line; empty when it says nothing in time. */
  async text({ name }: ListQuestion, limitMs: number): Promise<string> {
    const answer = await this.#within(limitMs, this.#parts.resolver.txt(name));
    if (answer.kind !== 'found') return '';
    const [first = ''] = answer.records;
    return shownText(first);
  }

  /** It is not in the configuration any more. */
  forget(): void {
    this.#parts.troubles.clear(`list:${this.shownAs}`);
  }

  async #found(
    answers: readonly string[],
    { neverListed }: ListQuestion,
    limitMs: number,
  ): Promise<ListAnswer> {
    const meanings = answers.map(meaningOf);
    const refused = answers[meanings.indexOf('refused')];
    if (refused !== undefined)
      return this.#failed(
        `it refuses to answer (${refused}): it may not be asked through a public name server, so often, or without a key`,
      );
    const foreign = answers[meanings.indexOf('foreign')];
    if (foreign !== undefined)
      return this.#failed(`it answers with ${foreign}, which no list does: is there still such a list?`);
    if (!(await this.#isSound(neverListed, limitMs)))
      return this.#failed('it lists everything, as lists do that have been given up');
    this.#worked();
    return { kind: 'listed', answers };
  }

  /** RFC 5782 5: no list has an entry for 127.0.0.1, or for INVALID. */
  async #isSound(neverListed: string, limitMs: number): Promise<boolean> {
    const { resolver, deadlines } = this.#parts;
    if (deadlines.nowMs < this.#isSoundUntilMs) return true;
    const answer = await this.#within(limitMs, resolver.addresses(neverListed, 4));
    if (answer.kind === 'found') return false;
    // Without an answer to this one, its other answers count, and it is asked again.
    if (answer.kind !== 'failed') this.#isSoundUntilMs = deadlines.nowMs + soundMs;
    return true;
  }

  /** Is it left alone? When its rest is over, the first question tries it, and the others do without it meanwhile. */
  #isResting(): boolean {
    if (this.#restsUntilMs === -Infinity) return false;
    const { nowMs } = this.#parts.deadlines;
    if (nowMs < this.#restsUntilMs) return true;
    this.#restsUntilMs = nowMs + restMs;
    return false;
  }

  #worked(): void {
    if (this.#inARow === 0) return;
    this.#inARow = 0;
    if (this.#restsUntilMs === -Infinity) return;
    this.#restsUntilMs = -Infinity;
    this.forget();
    this.#parts.log.info(`the DNS list ${this.shownAs} answers again`);
  }

  #failed(reason: string): ListAnswer {
    const { log, troubles, deadlines } = this.#parts;
    this.#inARow++;
    if (this.#inARow >= failuresBeforeRest) {
      if (this.#restsUntilMs === -Infinity) log.error(`the DNS list ${this.shownAs} has no say: ${reason}`);
      this.#restsUntilMs = deadlines.nowMs + restMs;
      troubles.raise(
        `list:${this.shownAs}`,
        'warning',
        `The DNS list ${this.shownAs} has no say: ${reason}. Mail goes on as if nothing were on it.`,
        'Ask it with dig for 2.0.0.127 in its zone, through the name servers of [dns]. Take it out of its [[stage]] if it is gone.',
      );
    }
    return { kind: 'failed', reason };
  }

  #within<T>(limitMs: number, asked: Promise<T>): Promise<T | FailedLookup> {
    return within(this.#parts.deadlines, limitMs, asked);
  }
}

/** What a stranger has written, for a reply (RFC 5321 4.2: printable ASCII). */
function shownText(text: string): string {
  const plain = text
    .slice(0, 4 * mostTextLength)
    .replaceAll(/[^\x20-\x7e]+/gu, ' ')
    .replaceAll(/ {2,}/gu, ' ')
    .trim();
  return plain.length <= mostTextLength ? plain : `${plain.slice(0, mostTextLength - 3)}...`;
}
