// The tables of aliases of [mailboxes], for a sender's process. They are opened, and their code is loaded, when a route needs them. Receivers have
// the same tables, and tell what is wrong with their files.

import type { Config } from '../../config/config.ts';
import type { AliasTables } from '../../deliver/mailbox/expand-alias.ts';
import type { Answer } from '../../table/table.ts';
import { allFailing } from '../../table/table.ts';
import type { Tables } from '../../table/tables.ts';

const parts = {
  log: { info: silent, warn: silent, error: silent },
  troubles: { raise: silent, clear: silent },
};

export class MailAliases implements AliasTables {
  #tables: Promise<Tables> | undefined;

  configure(config: Config): void {
    const names = new Set(
      config.route.map((route) => ('way' in route && route.way.kind === 'mailbox' ? route.way.aliases : '')),
    );
    const settings = config.table.filter(({ name }) => names.has(name));
    if (settings.length === 0 && this.#tables === undefined) return;
    this.#tables ??= open();
    void this.#tables.then((tables) => tables.configure(settings));
  }

  async lookup(name: string, keys: readonly string[]): Promise<readonly Answer[]> {
    const tables = await this.#tables;
    // Files are read for the first time in the background.
    await tables?.settled();
    return (await tables?.get(name)?.lookup(keys)) ?? allFailing(keys, `the table ${name} is not open`);
  }

  close(): void {
    void this.#tables?.then((tables) => tables.close());
    this.#tables = undefined;
  }
}

async function open(): Promise<Tables> {
  const [{ Tables: Opened }, { openTable }] = await Promise.all([
    import('../../table/tables.ts'),
    import('../../table/open-table.ts'),
  ]);
  return new Opened(parts, openTable);
}

function silent(): void {
  // Receivers tell it.
}
