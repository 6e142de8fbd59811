// Aliases of the system: what they stand for in the end, whatever they name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aliasNameOf, aliasSteps } from '../../src/instructions/alias-steps.ts';
import type { AliasPermit } from '../../src/values/system-way.ts';

const all: readonly AliasPermit[] = ['program', 'file', 'include'];

function shown(aliases: Readonly<Record<string, string>>, name: string, permits = all): string {
  const textOf = (each: string): string | undefined =>
    Object.hasOwn(aliases, each) ? aliases[each] : undefined;
  const found = aliasSteps(name, { domain: 'here.test', permits, textOf });
  if (found.kind === 'fault') return `${found.status} ${found.text}`;
  const steps = found.steps.map((step) => {
    if (step.kind === 'program') return `|${step.command}`;
    if (step.kind === 'forward') return step.address;
    return 'path' in step ? `${step.kind} ${step.path}` : step.kind;
  });
  return [...steps, ...(found.hasUser ? ['the user'] : [])].join(', ');
}

const usual = {
  root: 'joe',
  postmaster: 'root, sue@else.test',
  joe: '\\joe, joe@else.test',
  sue: 'sue',
  list: ':include:/etc/list, "|/bin/archive -x, y", /var/mail/list, /var/list/',
  circle: 'ring, ann',
  ring: 'circle@HERE.test, bob',
};

const table: readonly (readonly [name: string, meaning: string])[] = [
  ['root', 'joe@here.test, joe@else.test'],
  ['postmaster', 'sue@else.test, joe@here.test, joe@else.test'],
  ['joe', 'joe@else.test, the user'],
  ['sue', 'the user'],
  ['list', 'include /etc/list, |/bin/archive -x, y, mbox /var/mail/list, maildir /var/list/'],
  ['circle', 'ann@here.test, bob@here.test'],
];

for (const [name, meaning] of table)
  test(`the alias ${name}`, () => assert.equal(shown(usual, name), meaning));

test('what is not permitted, and what is no entry, makes mail wait', () => {
  assert.match(
    shown(usual, 'list', ['program', 'file']),
    /^4\.3\.5 the alias list: alias_permits does not name "include"/,
  );
  assert.match(shown({ a: '|x' }, 'a', []), /^4\.3\.5 the alias a: alias_permits does not name "program"/);
  assert.match(shown({ a: 'b', b: 'x y' }, 'a'), /^4\.3\.5 the alias b: "x y" is no address/);
});

test('what leads to nothing in the end makes mail wait, however much else the alias names', () => {
  const aliases = { c1: 'c2', c2: 'c1', bob: 'c1', list: 'bob, a@x.test', none: '', self: 'self, c1' };
  const shownOf = (name: string): string => shown(aliases, name);
  assert.equal(shownOf('c1'), '4.3.5 the alias c1 stands for nobody: c1 -> c2 -> c1');
  assert.equal(shownOf('bob'), '4.3.5 the alias bob stands for nobody: bob -> c1 -> c2 -> c1');
  assert.equal(shownOf('list'), '4.3.5 the alias bob stands for nobody: bob -> c1 -> c2 -> c1');
  assert.equal(shownOf('none'), '4.3.5 the alias none: it stands for nobody');
  assert.equal(shownOf('self'), '4.3.5 the alias c1 stands for nobody: c1 -> c2 -> c1');
});

test('a name is looked for as a whole, and before separators other than the dash', () => {
  const textOf = (name: string): string | undefined => (name === 'list' ? 'x' : undefined);
  assert.equal(aliasNameOf('List@here.test', '-', textOf), 'list');
  assert.equal(aliasNameOf('list+x@here.test', '+-', textOf), 'list');
  assert.equal(aliasNameOf('list-x@here.test', '+-', textOf), undefined);
});

test('every walk ends, at somebody or with a fault', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const entry = fc.constantFrom('a', 'b', 'c', 'd', '\\a', 'e@x.test', 'A@Here.Test', '|p', '"');
  const text = fc.array(entry, { maxLength: 6 }).map((entries) => entries.join(', '));
  fc.assert(
    fc.property(fc.dictionary(name, text), name, (aliases, asked) =>
      assert.notEqual(shown(aliases, asked), ''),
    ),
  );
});
