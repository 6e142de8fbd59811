// The makers of verdicts and edits: whatever they make at its point passes the check that every answer of a stage has to pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as edits from '../../src/plugin/edits.ts';
import * as verdicts from '../../src/plugin/verdicts.ts';
import { verdictFault } from '../../src/policy/check-verdict.ts';
import { goOn, type Point, type Verdict } from '../../src/policy/stage.ts';

const { accept, change, disconnect, discard, drop, found, quarantine, reject, tempfail } = verdicts;

const made: readonly (readonly [Point, Verdict])[] = [
  ['connect', goOn],
  ['connect', drop],
  ['connect', reject('554', 'No')],
  ['rcpt', reject('550 5.1.1', 'No such user', 'Ask somebody else')],
  ['mail', tempfail('451 4.7.1', 'Come again')],
  ['helo', disconnect('421 4.7.0', 'Go away')],
  ['mail', discard('spam')],
  ['content', quarantine('a virus', edits.addField('X-Virus', 'yes'))],
  ['mail', accept(edits.setTenant('shop'), edits.changeSender(''))],
  ['rcpt', change(edits.changeRecipient('b@example.com'), edits.replyLine('Hello'))],
  ['data', change(edits.addRecipient('c@example.com'), edits.removeRecipient('b@example.com'))],
  [
    'headers',
    change(edits.insertField('X-A', 'b'), edits.changeField('subject', 'c'), edits.removeField('X-D', 2)),
  ],
  ['rcpt', change(edits.setRoute('bulk'))],
  ['headers', change(edits.setRoute('bulk', 'b@example.com'))],
  ['content', change(edits.replaceBody(Buffer.from('Hello\r\n')))],
  ['mail', found({ score: '3' }, edits.addField('X-Score', '3'))],
];
for (const [point, verdict] of made) {
  test(`${JSON.stringify(verdict)} is allowed at ${point}`, () => {
    assert.equal(verdictFault(verdict, point, new Set(['bulk'])), undefined);
  });
}

test('the reply has code, status and lines', () => {
  assert.deepEqual(reject('550 5.1.1', 'No such user', 'Sorry'), {
    kind: 'reject',
    reply: { code: 550, enhanced: '5.1.1', text: ['No such user', 'Sorry'] },
  });
  assert.deepEqual(tempfail('451', 'Later'), {
    kind: 'tempfail',
    reply: { code: 451, enhanced: undefined, text: ['Later'] },
  });
});

const wrong: readonly (readonly [Verdict, RegExp])[] = [
  [reject('451 4.7.1', 'x'), /reply code 451, which is not from 500 to 599/u],
  [tempfail('550 5.1.1', 'x'), /reply code 550, which is not from 400 to 499/u],
  [reject('550 4.1.1', 'x'), /enhanced status code 4\.1\.1 with 550/u],
  [reject('550-5.1.1' as '550', 'x'), /reply code 0,/u],
  [discard(''), /no reason/u],
];
for (const [verdict, fault] of wrong) {
  test(`${JSON.stringify(verdict)} is refused`, () =>
    assert.match(verdictFault(verdict, 'mail') ?? '', fault));
}
