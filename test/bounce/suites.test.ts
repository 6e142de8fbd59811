// Messages of others: reports of some sixty kinds of server, and broken messages. Each comes back whole in a report of ours, and each reply that a
// server was told of keeps its words and its status.

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import PostalMime from 'postal-mime';
import { buildDsn } from '../../src/bounce/build-dsn.ts';
import { failureStatus } from '../../src/bounce/status.ts';
import { headerFields } from '../../src/message/header-fields.ts';
import { said } from '../refusals.ts';
import { base, fromQuotedPrintable, readFields, readReport, type ReadPart, valueOf } from './reports.ts';

const folder = new URL('../../../shared/suites/', import.meta.url);
const skip = existsSync(folder) ? false : 'the suites in ../shared/suites are not there';

function messages(pattern: string): { readonly name: string; readonly bytes: Buffer }[] {
  if (skip !== false) return [];
  return globSync(pattern, { cwd: folder }).map((name) => {
    const text = readFileSync(new URL(name, folder), 'latin1');
    return { name, bytes: Buffer.from(text.replaceAll(/\r?\n/gu, '\r\n'), 'latin1') };
  });
}

function contentOf(part: ReadPart): string {
  return valueOf(part, 'Content-Transfer-Encoding') === 'quoted-printable'
    ? fromQuotedPrintable(part.body)
    : part.body;
}

function headerOf(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  if (text.startsWith('\r\n')) return '';
  const end = text.indexOf('\r\n\r\n');
  return end === -1 ? text : text.slice(0, end + 2);
}

suite('messages of the suites, returned in a report', { skip }, () => {
  const all = [...messages('dsn/sisimai/*.eml'), ...messages('mime/*/**/*.{eml,txt}')];
  const maxOriginalBytes = Infinity;

  test('the suites are there', () => assert.ok(all.length > 400, String(all.length)));

  test('whole, byte for byte', () => {
    for (const { name, bytes } of all) {
      const original = { kind: 'full', content: [bytes] } as const;
      const { parts } = readReport(buildDsn({ ...base, original, maxOriginalBytes }).content);
      assert.equal(parts.length, 3, name);
      assert.equal(contentOf(parts[2]!), bytes.toString('latin1'), name);
    }
  });

  test('or their headers, as RET=HDRS wants it', () => {
    for (const { name, bytes } of all) {
      const original = { kind: 'full', content: [bytes] } as const;
      const { parts } = readReport(buildDsn({ ...base, original, ret: 'HDRS' }).content);
      const header = headerOf(bytes);
      if (header.length > 64 * 1024) continue;
      const expected = header.endsWith('\r\n') ? header : `${header}\r\n`;
      assert.equal(contentOf(parts[2]!), expected, name);
    }
  });

  test('and another reader finds the same three parts', async () => {
    for (const { name, bytes } of all) {
      const original = { kind: 'full', content: [bytes] } as const;
      const report = await PostalMime.parse(
        Buffer.concat(buildDsn({ ...base, original, maxOriginalBytes }).content),
        { forceRfc822Attachments: true },
      );
      assert.equal(report.to?.[0]?.address, base.sender, name);
      assert.equal(report.attachments.length, 2, name);
    }
  });
});

/** The values of Diagnostic-Code in a report that some server has sent, of replies that came by SMTP. */
function diagnosticsIn(bytes: Buffer): string[] {
  return bytes
    .toString('latin1')
    .split(/\r\n\r\n+/u)
    .flatMap((block) => {
      const group = Buffer.from(`${block}\r\n\r\n`, 'latin1');
      return [...headerFields(group)].flatMap(({ name, valueStart, end }) => {
        if (name !== 'diagnostic-code') return [];
        const value = group.toString('latin1', valueStart, end).replaceAll(/\r\n[ \t]+/gu, ' ');
        const [, reply] = /^\s*smtp;\s*(.*)$/isu.exec(value.trim()) ?? [];
        return reply === undefined ? [] : [reply];
      });
    });
}

suite('replies of servers out there, told in a report', { skip }, () => {
  const replies = messages('dsn/sisimai/*.eml').flatMap(({ name, bytes }) =>
    diagnosticsIn(bytes)
      .filter((reply) => /^[45]\d\d[ -]/u.test(reply))
      .map((reply) => ({ name, reply: reply.replaceAll(/[^ -~]/gu, '?').replace(/^(\d{3})-/u, '$1 ') })),
  );

  test('there are enough of them', () => assert.ok(replies.length > 150, String(replies.length)));

  test('they keep their words', () => {
    for (const { name, reply } of replies) {
      const recipients = [{ ...base.recipients[0]!, refusal: said(reply) }];
      const { parts } = readReport(buildDsn({ ...base, recipients }).content);
      const [, group = ''] = parts[1]!.body.split('\r\n\r\n');
      const told = readFields(group.trimEnd()).find(([field]) => field === 'Diagnostic-Code')?.[1] ?? '';
      const words = (text: string): string[] => text.split(/[ \t]+/u).filter((word) => word !== '');
      assert.deepEqual(words(told.replace(/^smtp; /u, '')), words(reply), name);
    }
  });

  test('their enhanced status is that of the recipient, where it fits the code (RFC 2034 4)', () => {
    let compared = 0;
    for (const { name, reply } of replies) {
      const [, code = '', status] = /^(\d)\d\d (\d\.\d{1,3}\.\d{1,3})(?: |$)/u.exec(reply) ?? [];
      if (status === undefined) continue;
      compared++;
      const expected = status.startsWith(code) ? status : `${code}.0.0`;
      assert.equal(failureStatus(said(reply), false), expected, name);
    }
    assert.ok(compared > 80, String(compared));
  });
});
