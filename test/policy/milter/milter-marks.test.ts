// What milters mark by a field, and what becomes of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MarkedMail } from '../../../src/policy/marks.ts';
import { type MilterMark, takenVerdict } from '../../../src/policy/milter/milter-marks.ts';
import type { Edit } from '../../../src/policy/stage.ts';
import { greeted, receiverWith, sendMessage } from './milter-fixture.ts';
import { goOnPacket, number, packet, ScriptedMilter } from './scripted-milter.ts';

const goesOn: MarkedMail = { action: 'continue', route: undefined, field: undefined };

function marks(spam: MarkedMail = goesOn, virus: MarkedMail = goesOn): readonly MilterMark[] {
  return [
    { verdict: 'virus', fields: [{ name: 'x-virus-status', value: 'infected' }], marked: virus },
    {
      verdict: 'spam',
      fields: [
        { name: 'x-spam', value: 'yes' },
        { name: 'x-spam-status', value: 'yes' },
      ],
      marked: spam,
    },
  ];
}

const add = (name: string, value: string): Edit => ({ kind: 'add-field', name, value, isRaw: true });

test('a field of the milter marks mail, whatever its case and its place', () => {
  for (const edit of [
    add('X-Spam', ' Yes'),
    add('x-spam-status', ' yes, score=7.1'),
    { kind: 'insert-field', at: 1, name: 'X-SPAM', value: ' YES' },
    { kind: 'change-field', occurrence: 1, name: 'X-Spam', value: 'Yes' },
  ] as const) {
    const edits = [add('X-A', ' b'), edit];
    assert.deepEqual(takenVerdict('m', edits, undefined, marks()), {
      kind: 'continue',
      edits,
      result: { verdict: 'spam' },
    });
  }
});

test('other fields, and a mark that is taken away, mark nothing', () => {
  for (const edit of [
    add('X-Spam', ' No'),
    add('X-Spam-Status', ' No, score=1 yes'),
    add('X-Spam-Report', ' Yes'),
    { kind: 'remove-field', name: 'X-Spam', occurrence: 1 },
  ] as const)
    assert.deepEqual(takenVerdict('m', [edit], undefined, marks()), { kind: 'continue', edits: [edit] });
});

test('a virus counts more than spam, and what the milter holds stays held', () => {
  const edits = [add('X-Spam', ' Yes'), add('X-Virus-Status', ' Infected (Eicar)')];
  assert.deepEqual(takenVerdict('m', edits, 'held by it', marks()), {
    kind: 'quarantine',
    reason: 'held by it',
    edits,
    result: { verdict: 'virus' },
  });
  assert.deepEqual(takenVerdict('m', [], 'held by it', marks()), {
    kind: 'quarantine',
    reason: 'held by it',
    edits: [],
    result: { verdict: 'held' },
  });
});

test('what a milter marks can go another way, be held or refused', async (t) => {
  const milter = await ScriptedMilter.start(t, {
    answer: ({ letter }) =>
      letter === 'E' ? [packet('i', number(1), 'X-Spam\0Yes\0'), goOnPacket] : [goOnPacket],
  });
  const routed = await receiverWith(t, [milter], {}, { marks: marks({ ...goesOn, route: 'bulk' }) });
  assert.match((await sendMessage(await greeted(routed))).at(-1) ?? '', /^250 /);
  assert.equal(routed.spool.kept[0]?.envelope.recipients[0]?.route, 'bulk');
  assert.match(routed.spool.kept[0]?.content ?? '', /\r\nX-Spam: Yes\r\n/);
  const held = await receiverWith(t, [milter], {}, { marks: marks({ ...goesOn, action: 'quarantine' }) });
  assert.match((await sendMessage(await greeted(held))).at(-1) ?? '', /^250 /);
  assert.equal(held.spool.kept[0]?.envelope.quarantine, 'milter-1 marks it: spam');
  const refused = await receiverWith(t, [milter], {}, { marks: marks({ ...goesOn, action: 'reject' }) });
  assert.match(
    (await sendMessage(await greeted(refused))).at(-1) ?? '',
    /^550 5\.7\.1 This message was taken for spam/,
  );
  // What the sender has written into the header is no mark.
  milter.script = {};
  const content = 'X-Spam: Yes\r\nSubject: x\r\n\r\nHello\r\n';
  assert.match((await sendMessage(await greeted(refused), { content })).at(-1) ?? '', /^250 /);
});
