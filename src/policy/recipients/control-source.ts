// Recipients by a file control/recipients of s/qmail, in the order and with the ends that it has there: the first line whose source knows the
// recipient decides; when none does, it is unknown. What differs is for the sake of the mail: what cannot be read is asked again later,
// where s/qmail passes it over and refuses the recipient.

import { tableKey } from '../../table/table-key.ts';
import type { Answer, Table } from '../../table/table.ts';
import { isBelow } from '../../values/domain.ts';
import { withoutQuotes, withoutSubaddress } from '../mailbox-keys.ts';
import type { ControlAsked, ControlDomains, ControlLine } from './control-file.ts';
import {
  type AskedRecipient,
  exists,
  type RecipientAnswer,
  type RecipientSource,
  unknown,
} from './recipient-source.ts';
import { recipientAnswer } from './table-source.ts';

export interface ControlSourceParts {
  /** @throws {Error} with a clause, when the file cannot be read or understood */
  readonly lines: () => readonly ControlLine[] | Promise<readonly ControlLine[]>;
  /** The database or program of a line. */
  readonly tableOf: (asked: ControlAsked) => Table;
  /** Characters of which the first one in a local part ends the name that its owner may extend. */
  readonly separators: string;
  /** Is told whether the file can be used, at each question. @param failure - a clause; undefined: it can be */
  readonly told: (failure: string | undefined) => void;
}

export class ControlSource implements RecipientSource {
  readonly #parts: ControlSourceParts;

  constructor(parts: ControlSourceParts) {
    this.#parts = parts;
  }

  async find(recipient: AskedRecipient): Promise<RecipientAnswer> {
    let lines: readonly ControlLine[];
    try {
      lines = await this.#parts.lines();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.told(reason);
      return { kind: 'failing', reason };
    }
    this.#parts.told(undefined);
    return this.#walk(lines, recipient);
  }

  async #walk(
    lines: readonly ControlLine[],
    { localPart, domain }: AskedRecipient,
  ): Promise<RecipientAnswer> {
    const keys = addresses(localPart, domain, this.#parts.separators);
    let isNamed = false;
    let failure: RecipientAnswer | undefined;
    for (const line of lines) {
      let isAbout = true;
      switch (line.kind) {
        case 'open':
          if (line.domain === domain) return exists;
          continue;
        case 'open-to-others':
          if (!isNamed) return exists;
          continue;
        case 'address':
          if (keys.includes(line.key)) return exists;
          isNamed ||= line.domain === domain;
          continue;
        case 'for-others':
          if (isNamed) continue;
          break;
        case 'source':
          isAbout = names(line.domains, domain);
          isNamed ||= isAbout;
          isAbout ||= line.domains.kind === 'all';
          // As there: once a line has named the domain, the sources of all lines behind it may know the recipient, too.
          if (!isNamed && !isAbout) continue;
          break;
      }
      const answer = await this.#ask(line.asked, keys);
      if (answer.kind === 'exists') return answer;
      // What is for other domains, and broken, holds up no mail for this one.
      if (answer.kind === 'failing' && isAbout) {
        // As there: a program that cannot tell ends the search.
        if (line.asked.kind === 'program') return answer;
        failure ??= answer;
      }
    }
    return failure ?? unknown;
  }

  async #ask(asked: ControlAsked, keys: readonly string[]): Promise<RecipientAnswer> {
    // fastforward's form of keys, which s/qmail's has taken over.
    const wanted = asked.kind === 'cdb' ? keys.map((key) => `:${key}`) : keys;
    const found: readonly Answer[] = await this.#parts.tableOf(asked).lookup(wanted);
    return recipientAnswer(found);
  }
}

function names(domains: ControlDomains, domain: string): boolean {
  switch (domains.kind) {
    case 'all':
      return false;
    case 'exact':
      return domain === domains.domain;
    case 'with-subdomains':
      return domain === domains.domain || isBelow(domain, domains.domain);
    case 'subdomains':
      return isBelow(domain, domains.domain);
  }
}

/**
 * The addresses by which a recipient may be known. Of `list-x@example.com` s/qmail asks for `list-@example.com` as well, and older ones for
 * `list@example.com`.
 */
function addresses(localPart: string, domain: string, separators: string): readonly string[] {
  const name = withoutQuotes(localPart);
  const base = withoutSubaddress(name, separators);
  const names = base === name ? [name] : [name, name.slice(0, base.length + 1), base];
  return names.map((each) => tableKey(`${each}@${domain}`));
}
