// Who has been answered lately, in a file beside the mailbox (RFC 3834 2: one answer to a sender in some days). Promises: whoever may be answered
// is written down, durably, before the answer goes out; of two processes that answer at once, one does; the file is bounded, and so is what a
// stranger can have sent to others by writing under their addresses.

import { createHash, randomBytes } from 'node:crypto';
import { constants, promises as fs } from 'node:fs';

/** Answers in one period. */
const mostAnswers = 1_000;
/** Answers to one domain in a day: whoever invents senders reaches no more of its addresses. */
const mostOfDomain = 100;
const dayMs = 86_400_000;
/** A file that is larger is none of ours. */
const mostBytes = 1024 * 1024;
/** Beyond so many lines, those that do not count any more are left out. */
const compactLines = 2_000;

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

interface Entry {
  readonly atMs: number;
  readonly address: string;
  readonly domain: string;
  readonly token: string;
}

/**
 * Writes down that a sender is answered now.
 * @param path - of the file
 * @param nowMs - Unix ms
 * @returns false: it was answered within the period, or too many were
 * @throws {Error} of the system
 */
export async function noteAnswer(
  path: string,
  sender: string,
  nowMs: number,
  periodMs: number,
): Promise<boolean> {
  // O_NONBLOCK: a FIFO in its place must hold up nobody.
  const handle = await fs.open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const before = await entriesOf(handle);
    const own = entryOf(sender, nowMs);
    const live = before.filter((each) => isLive(each, nowMs, periodMs));
    const ofDomain = live.filter(({ domain, atMs }) => domain === own.domain && nowMs - atMs < dayMs).length;
    const isKnown = live.some(({ address }) => address === own.address);
    if (isKnown || live.length >= mostAnswers || ofDomain >= mostOfDomain) return false;
    await handle.appendFile(lineOf(own));
    await handle.datasync();
    // Another process may have written down the same sender in this moment: the first line counts.
    const after = await entriesOf(handle);
    const first = after.find((each) => each.address === own.address && isLive(each, nowMs, periodMs));
    if (after.length > compactLines) await compact(path, after, nowMs, periodMs);
    return first?.token === own.token;
  } finally {
    await handle.close();
  }
}

/** Subaddresses are of one mailbox, mostly. */
function entryOf(sender: string, nowMs: number): Entry {
  const lower = sender.toLowerCase();
  const at = lower.lastIndexOf('@');
  const localPart = lower.slice(0, at).replace(/(?<=.)\+.*$/su, '');
  const domain = lower.slice(at + 1);
  const token = randomBytes(4).toString('hex');
  return { atMs: nowMs, address: hashOf(`${localPart}@${domain}`), domain: hashOf(domain), token };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function isLive({ atMs }: Entry, nowMs: number, periodMs: number): boolean {
  // A date that is yet to come is of a clock that was wrong.
  return nowMs - atMs < periodMs && atMs - nowMs < periodMs;
}

const line = /^(?<date>\d{1,12}) (?<address>[0-9a-f]{16}) (?<domain>[0-9a-f]{16}) (?<token>[0-9a-f]{8})$/u;

function lineOf({ atMs, address, domain, token }: Entry): string {
  return `${Math.floor(atMs / 1000)} ${address} ${domain} ${token}\n`;
}

async function entriesOf(handle: fs.FileHandle): Promise<readonly Entry[]> {
  const stats = await handle.stat();
  if (!stats.isFile() || stats.size > mostBytes)
    throw new Error('the file of those who were answered is none, or too large');
  const buffer = Buffer.alloc(stats.size);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return buffer
    .toString('latin1', 0, bytesRead)
    .split('\n')
    .flatMap((text) => {
      const { date = '', address = '', domain = '', token = '' } = line.exec(text)?.groups ?? {};
      return token === '' ? [] : { atMs: Number(date) * 1000, address, domain, token };
    });
}

async function compact(path: string, all: readonly Entry[], nowMs: number, periodMs: number): Promise<void> {
  const written = `${path}.${process.pid}.new`;
  const handle = await fs.open(written, 'wx', 0o600);
  try {
    await handle.writeFile(
      all
        .filter((each) => isLive(each, nowMs, periodMs))
        .map(lineOf)
        .join(''),
    );
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await fs.rename(written, path);
}
