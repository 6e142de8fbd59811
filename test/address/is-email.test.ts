// The is-email suite (Dominic Sayers, version 3.05), read for what SMTP allows (RFC 5321 4.1.2): its categories VALID, DNSWARN
// and RFC5321 are mailboxes; comments, folding, deprecated and RFC 5322-only forms are not. The exceptions are decisions: local
// parts and paths have no limits of their own (RFC 5321 4.5.3.1), and a final dot of the domain is dropped.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseMailbox, parsePath } from '../../src/address/path.ts';

const suite = new URL('../../../shared/suites/is-email/tests.xml', import.meta.url);
const validCategories = new Set(['ISEMAIL_VALID_CATEGORY', 'ISEMAIL_DNSWARN', 'ISEMAIL_RFC5321']);
const taken = new Set(['ISEMAIL_RFC5322_LOCAL_TOOLONG', 'ISEMAIL_RFC5322_TOOLONG', 'ISEMAIL_ERR_DOT_END']);
/** Ends with a dot, but in the local part. */
const finalDot = /@[^@.][^@]*\.$/;

interface Case {
  readonly id: string;
  readonly address: string;
  readonly category: string;
  readonly diagnosis: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return (
    text
      .replaceAll(
        /&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(\w+));/g,
        (_, hex?: string, decimal?: string, name?: string) =>
          name === undefined
            ? String.fromCodePoint(Number(hex === undefined ? decimal : `0x${hex}`))
            : (entities[name] ?? ''),
      )
      // The notes at the head of the file: U+2400 and the following stand for control characters.
      .replaceAll(/[\u2400-\u241f]/g, (symbol) => String.fromCharCode(symbol.charCodeAt(0) - 0x2400))
  );
}

function readSuite(xml: string): Case[] {
  return [...xml.matchAll(/<test id="(\d+)">(.*?)<\/test>/gs)].map(([, id = '', body = '']) => ({
    id,
    address: unescapeXml(/<address>(.*?)<\/address>/s.exec(body)?.[1] ?? ''),
    category: /<category>(\w+)<\/category>/.exec(body)?.[1] ?? '',
    diagnosis: /<diagnosis>(\w+)<\/diagnosis>/.exec(body)?.[1] ?? '',
  }));
}

if (existsSync(suite)) {
  const cases = readSuite(readFileSync(suite, 'utf8'));

  test('the suite is read completely', () => {
    assert.equal(cases.length, 164);
    assert.ok(cases.every(({ category }) => category.startsWith('ISEMAIL_')));
  });

  for (const { id, address, category, diagnosis } of cases) {
    const isTaken = taken.has(diagnosis) && (!diagnosis.endsWith('DOT_END') || finalDot.test(address));
    const valid = validCategories.has(category) || isTaken;
    test(`${id}: ${JSON.stringify(address)} is ${valid ? 'a mailbox' : 'none'} (${category})`, () => {
      assert.equal(parseMailbox(address).kind, valid ? 'mailbox' : 'invalid');
      const path = parsePath(`<${address}>`);
      assert.equal(path.kind, valid ? 'mailbox' : 'invalid');
      if (path.kind === 'mailbox') assert.equal(path.address, address.replace(/\.$/, ''));
    });
  }
} else {
  test('the is-email suite', { skip: 'shared/suites/is-email is not there' }, () => undefined);
}
