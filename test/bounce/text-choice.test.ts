// The language of a report: by the original's header where that is asked for, by the tenant, by the configuration.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { builtInTexts, languagesOf, TextChoice } from '../../src/bounce/texts/text-choice.ts';
import { english } from '../../src/bounce/texts/english.ts';
import { fill, type TextKey, textKeys, unknownVariable } from '../../src/values/report-texts.ts';

const own = [
  { language: 'de', tenant: 'shop', texts: { closing: 'Ihr Laden' } },
  { language: 'de', texts: { greeting: 'Hallo von {hostname}' } },
  { language: 'nl', texts: { failed: 'Niet bezorgd' } },
  { language: 'pt-br', texts: { failed: 'Não entregue' } },
];

function choice(followsOriginal = false, language = 'en'): TextChoice {
  const tenants = new Map([
    ['shop', 'de'],
    ['paris', 'fr-CA'.toLowerCase()],
    ['lost', 'xx'],
  ]);
  return new TextChoice({ own, language, tenants, followsOriginal });
}

const mail = (header: string): Uint8Array[] => [Buffer.from(`${header}\r\n\r\nbody`)];

test('the tenant has its language, else that of the configuration counts, else English', () => {
  const texts = choice();
  assert.equal(texts.textsFor('', mail('Content-Language: de')), english);
  assert.equal(texts.textsFor('shop', []).language, 'de');
  assert.equal(texts.textsFor('paris', []).language, 'fr');
  assert.equal(texts.textsFor('lost', []).language, 'en');
  assert.equal(choice(false, 'nl').textsFor('lost', []).language, 'nl');
});

test('texts of the administrator come first, those for the tenant on top of those for all; what they lack stays', () => {
  const texts = choice(false, 'de');
  const all = texts.textsFor('', []);
  assert.deepEqual([all.greeting, all.closing], ['Hallo von {hostname}', '']);
  const shop = texts.textsFor('shop', []);
  assert.deepEqual([shop.greeting, shop.closing], ['Hallo von {hostname}', 'Ihr Laden']);
  assert.equal(shop.failed, builtInTexts.get('de')?.failed);
  const dutch = choice(false, 'nl').textsFor('', []);
  assert.deepEqual([dutch.failed, dutch.delayed], ['Niet bezorgd', english.delayed]);
});

test('where it is asked for, the languages of the original come first, as far as there are texts', () => {
  const texts = choice(true);
  const languageOf = (header: string, tenant = ''): string => texts.textsFor(tenant, mail(header)).language;
  assert.equal(languageOf('Content-Language: fr'), 'fr');
  assert.equal(languageOf('Content-Language: de-CH'), 'de');
  assert.equal(languageOf('Content-Language: pt-BR'), 'pt-br');
  assert.equal(languageOf('Content-Language: xx, nl'), 'nl');
  assert.equal(languageOf('Content-Language: de\r\nAccept-Language: fr'), 'fr');
  assert.equal(languageOf('Content-Language: xx', 'shop'), 'de');
  assert.equal(languageOf('Subject: x\r\n\r\nContent-Language: fr'), 'en');
});

const headers: readonly (readonly [string, readonly string[]])[] = [
  ['Accept-Language: de;q=0.5, fr, en;q=0', ['fr', 'de']],
  ['Accept-Language: da, en-GB;q=0.8, en;q=0.7', ['da', 'en-gb', 'en']],
  ['Content-Language: mi, en (Maori first)', ['mi', 'en']],
  ['Accept-Language: *, ../../etc, de', ['de']],
  [`Accept-Language: ${'de,'.repeat(100)}`, Array.from({ length: 10 }, () => 'de')],
];

for (const [header, expected] of headers) {
  test(`the languages of ${header.slice(0, 50)}`, () =>
    assert.deepEqual(languagesOf(mail(header)), expected));
}

test('any header has bounded languages that are tags', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (accept, content) => {
      const found = languagesOf(mail(`Accept-Language: ${accept}\r\nContent-Language: ${content}`));
      assert.ok(found.length <= 10 && found.every((tag) => /^[a-z0-9-]+$/u.test(tag)));
    }),
  );
});

test('each language has each text, with names that exist', () => {
  for (const [language, texts] of builtInTexts) {
    assert.equal(texts.language, language);
    for (const key of Object.keys(textKeys) as TextKey[]) {
      assert.equal(unknownVariable(key, texts[key]), undefined, `${language} ${key}`);
      assert.ok(texts[key] !== '' || key === 'closing', `${language} ${key}`);
      const has = (text: string): string[] =>
        [...text.matchAll(/\{[a-z_]+\}/gu)].map(([name]) => name).toSorted();
      assert.deepEqual(has(texts[key]), has(english[key]), `${language} ${key}`);
    }
  }
});

test('what is filled in is not filled in again, and what is not known stays', () => {
  assert.equal(fill('{a} {b} {toString}', { a: '{b}', b: 'x' }), '{b} x {toString}');
});
