// Maildirs with many messages, which Sluice and Dovecot read alike.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const line = `${'The quick brown fox jumps over the lazy dog, and the mail goes on. '.repeat(2).slice(0, 76)}\n`;

/** Fills a Maildir with messages of one size. @param sizeBytes - of each, with LF as line ends */
export function fillMaildir(folder: string, messages: number, sizeBytes: number): void {
  for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  for (let number = 1; number <= messages; number++) {
    const header = `From: <ann@client.test>\nTo: <joe@box.test>\nSubject: message ${number}\nMessage-ID: <${number}@client.test>\n\n`;
    const lines = Math.max(0, Math.ceil((sizeBytes - header.length) / line.length));
    const content = header + line.repeat(lines);
    const crlfBytes = content.length + lines + 5;
    const name = `${1_700_000_000 + number}.M${String(number % 1_000_000).padStart(6, '0')}P1Q${number}.bench,S=${content.length},W=${crlfBytes}:2,`;
    writeFileSync(join(folder, 'cur', name), content, { mode: 0o600 });
  }
}
