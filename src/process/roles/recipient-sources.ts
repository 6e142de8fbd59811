// What the sources of recipients of a process share: they are kept over reloads, and for all listeners.

import type { VisitLedger } from '../../deliver/call-ahead/call-ahead-types.ts';
import type { Directory } from '../../directory/types.ts';
import type { Deadlines } from '../../io/deadlines.ts';
import type { Logger } from '../../log/logger.ts';
import type { LearnedRecipients } from '../../policy/backup/types.ts';
import type { FullMailboxes } from '../../policy/recipients/full-mailboxes.ts';
import { KeptSources } from '../../policy/recipients/kept-sources.ts';
import type { RecipientParts } from '../../settings/recipients.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Tables } from '../../table/tables.ts';
import { LaterSource } from './later-source.ts';
import { StagePlaces } from './stage-places.ts';

export interface RecipientSourcesParts {
  readonly tables: Tables;
  readonly directory: Directory;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly memory: LearnedRecipients;
  readonly visits: VisitLedger;
  readonly mailboxes: FullMailboxes;
}

export class RecipientSources {
  readonly parts: RecipientParts;
  readonly #kept = new KeptSources();
  readonly #places = new StagePlaces();

  constructor({
    tables,
    directory,
    mailboxes,
    deadlines,
    log,
    troubles,
    memory,
    visits,
  }: RecipientSourcesParts) {
    this.parts = {
      tables,
      directory,
      mailboxes,
      kept: this.#kept,
      placesOf: (source) => this.#places.of(source),
      reports: { deadlines, log, troubles },
      openCallAhead: (settings, config) =>
        new LaterSource(async () => {
          const { openCallAhead } = await import('./call-ahead.ts');
          return openCallAhead(settings, config, { deadlines, log, troubles, memory, visits });
        }),
    };
  }

  /** Closes what the configuration in force does not name any more. */
  sweep(): void {
    void this.#kept.sweep();
  }

  close(): Promise<void> {
    return this.#kept.close();
  }
}
