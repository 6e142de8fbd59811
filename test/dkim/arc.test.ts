// ARC chains (RFC 8617): the cases of the validation suite, and what a chain may cost.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { crlf, type Keys, verifyMessage } from './support.ts';

const file = new URL('../../../shared/suites/arc/arc-draft-validation-tests.yml', import.meta.url);
const skip = existsSync(file) ? false : 'the suite in ../shared/suites/arc is not there';

interface Case {
  readonly name: string;
  readonly description: string;
  readonly message: Buffer;
  readonly expected: string;
  readonly keys: Keys;
}

/** Reads the part of YAML that the suite is written in: maps by indentation, block texts, and folded ones. */
function readCases(text: string): Case[] {
  return text.split(/^--- *\n/m).flatMap(readScenario);
}

function readScenario(text: string): Case[] {
  const lines = text.split('\n');
  const keys: Record<string, string> = {};
  const cases: { name: string; fields: Record<string, string> }[] = [];
  let at = 0;
  let section = '';
  /** The lines below, as far as they are indented by so many blanks. */
  const block = (indent: number): string[] => {
    const found: string[] = [];
    for (; at < lines.length && (lines[at]!.trim() === '' || lines[at]!.search(/\S/) >= indent); at++)
      found.push(lines[at]!.slice(indent));
    return found;
  };
  while (at < lines.length) {
    const line = lines[at++]!;
    const [, indent = '', key = '', value = ''] = /^( *)([^:]+): *(.*?) *$/.exec(line) ?? [];
    if (indent.length === 0) section = key === '' ? section : key;
    else if (indent.length === 2 && section === 'tests') cases.push({ name: key, fields: {} });
    else if (indent.length === 2 && section === 'txt-records') {
      keys[key] =
        value.startsWith('>') || value.startsWith('|')
          ? block(4).join(' ').trim().replaceAll(/ +/g, ' ')
          : value.replaceAll(/^["']|["']$/g, '');
    } else if (indent.length === 4 && section === 'tests') {
      cases.at(-1)!.fields[key] = value.startsWith('|') ? block(6).join('\n') : value;
    }
  }
  return cases.map(({ name, fields }) => ({
    name,
    description: fields['description'] ?? '',
    message: crlf((fields['message'] ?? '').replace(/\n+$/, '\n')),
    expected: (fields['cv'] ?? '').toLowerCase(),
    keys,
  }));
}

const cases = skip ? [] : readCases(readFileSync(file, 'latin1'));

/**
 * A case that differs here: without `c=` the suite, which is older than RFC 8617, means relaxed. RFC 8617 4.1.2 gives the field the
 * meaning that it has in DKIM, where both are simple then (RFC 6376 3.5).
 */
const otherwise: Readonly<Record<string, string>> = { ams_fields_c_na: 'fail' };

test('the whole suite was read', { skip }, () => {
  // Some names are in it twice.
  assert.equal(cases.length, 175);
});

test('the suite of ARC validation', { skip }, async (t) => {
  for (const { name, description, message, expected, keys } of cases) {
    await t.test(`${name}: ${description}`, () => {
      const { arc } = verifyMessage(message, keys, { arc: true });
      // An empty expectation means that a chain which failed before need not be looked at.
      assert.equal(arc!.result, otherwise[name] ?? (expected === '' ? 'fail' : expected), `${arc!.reason}`);
    });
  }
});

test('a chain says who sealed it, and what the last sealer found', { skip }, () => {
  const { message, keys } = cases.find(({ name }) => name === 'cv_pass_i2_1')!;
  const { arc } = verifyMessage(message, keys, { arc: true });
  assert.deepEqual(arc!.sealers, ['example.org', 'example.org']);
  assert.match(arc!.authenticationResults, /^lists\.example\.org;/);
});

test('a key that cannot be looked up now leaves the chain open', { skip }, () => {
  const { message } = cases.find(({ name }) => name === 'cv_pass_i2_1')!;
  const keys: Keys = { 'dummy._domainkey.example.org': { kind: 'temperror', reason: 'SERVFAIL' } };
  const { arc } = verifyMessage(message, keys, { arc: true });
  assert.equal(arc!.result, 'temperror');
  assert.match(arc!.reason!, /SERVFAIL/);
});

test('the chain is not looked at unless it is wanted', { skip }, () => {
  const { message, keys } = cases.find(({ name }) => name === 'cv_pass_i2_1')!;
  assert.equal(verifyMessage(message, keys).arc, undefined);
});
