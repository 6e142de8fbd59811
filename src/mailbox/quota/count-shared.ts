// Counts the mailboxes of a domain or of a tenant, one after the other. A mailbox whose `maildirsize` is younger than the last change of its folders
// costs a look at these; of another one, the names of its messages are read.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailboxSettings } from '../../values/mailbox-way.ts';
import { isOfScope, type QuotaScope } from '../../values/shared-quotas.ts';
import { foundMailboxes } from '../found-mailboxes.ts';
import { placeOf } from '../mailbox-place.ts';
import { countMailbox, readUsage } from './mailbox-usage.ts';
import type { Usage } from './maildirsize.ts';
import type { CountQuestion } from './usage-log.ts';

/** Does one thing for a mailbox at a time, as deliveries do. */
export type InMailboxTurn = <T>(path: string, act: () => Promise<T>) => Promise<T>;

/** Mailboxes. */
const lookOnAfter = 50;
const nothing: Usage = { bytes: 0, messages: 0 };
/** The folder of the mailbox has the time of the file in it that was just exchanged. */
const slackMs = 2_000;

/** For one count: it remembers what it has counted. */
export function countShared(
  settings: Pick<MailboxSettings, 'path' | 'shared'>,
  scope: QuotaScope,
  inTurn: InMailboxTurn,
): (question: CountQuestion) => Promise<Usage> {
  const counted = new Map<string, Usage>();
  const countOne = async (address: string, path: string): Promise<void> => {
    if (!isOfScope(settings.shared, scope, address)) return;
    counted.set(address, await inTurn(path, () => presentUsage(path)));
  };
  return async ({ changed, elsewhere, lookOn }) => {
    let seen = 0;
    const count = async (address: string, path: string): Promise<void> => {
      if (++seen % lookOnAfter === 0) await lookOn();
      await countOne(address, path);
    };
    if (changed === undefined) {
      for await (const { address, path } of foundMailboxes(settings.path)) await count(address, path);
      for (const [address, path] of elsewhere) await count(address, path);
    } else {
      for (const address of changed) {
        const path = elsewhere.get(address) ?? pathOf(settings, address);
        if (path !== undefined) await count(address, path);
      }
    }
    let [bytes, messages] = [0, 0];
    for (const each of counted.values()) {
      bytes += each.bytes;
      messages += each.messages;
    }
    return { bytes, messages };
  };
}

function pathOf(settings: Pick<MailboxSettings, 'path'>, address: string): string | undefined {
  const place = placeOf(settings, { address });
  return place.kind === 'place' ? place.path : undefined;
}

/** What is in a mailbox, of which nobody changes anything but readers. @throws {Error} of the system */
export async function presentUsage(mailbox: string): Promise<Usage> {
  const read = await readUsage(mailbox);
  if (read !== undefined && (await isUnchangedSince(mailbox, read.writtenAtMs))) return read.usage;
  return (await countMailbox(mailbox)) ?? nothing;
}

async function isUnchangedSince(mailbox: string, timeMs: number): Promise<boolean> {
  if ((await changedAtMs(mailbox)) > timeMs + slackMs) return false;
  const folders = (await readdir(mailbox, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && entry.name.startsWith('.'))
    .map(({ name }) => name);
  for (const folder of ['', ...folders]) {
    for (const part of ['new', 'cur'])
      if ((await changedAtMs(join(mailbox, folder, part))) > timeMs) return false;
  }
  return true;
}

/** Unix ms; 0 when it is not there. */
async function changedAtMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
