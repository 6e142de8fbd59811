// Addresses outside ASCII that stages give, in real SMTP sessions: with SMTPUTF8, and without it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Edit, Verdict } from '../../src/policy/stage.ts';
import { greeted } from './fixture.ts';
import { withStages } from './stage-fixture.ts';

const answer =
  (edit: Edit, kind: 'continue' | 'accept' = 'continue') =>
  (): Verdict => ({ kind, edits: [edit] });

const address = 'jö@example.com';
const stages = [
  ['MAIL', 'changes the sender', { mail: answer({ kind: 'change-sender', address }) }],
  ['RCPT', 'changes a recipient', { rcpt: answer({ kind: 'change-recipient', address }, 'accept') }],
  ['RCPT', 'changes the domain', { rcpt: answer({ kind: 'change-recipient', address: 'joe@ö.example' }) }],
  ['DATA', 'adds a recipient', { data: answer({ kind: 'add-recipient', recipient: { address } }) }],
] as const;

for (const [command, what, stage] of stages) {
  test(`a stage that ${what} to an address outside ASCII needs a client with SMTPUTF8`, async (t) => {
    const fixture = await withStages(t, { name: 'changer', ...stage });
    for (const parameter of ['', ' SMTPUTF8']) {
      const client = await greeted(fixture);
      const commands = [
        ['MAIL', `MAIL FROM:<a@example.net>${parameter}\r\n`],
        ['RCPT', 'RCPT TO:<b@example.com>\r\n'],
        ['DATA', 'DATA\r\n'],
      ] as const;
      for (const [each, line] of commands) {
        const isFailure = parameter === '' && each === command;
        assert.match(await client.ask(line), isFailure ? /^451 4\.3\.0 / : /^[23]5/, line);
        if (isFailure) break;
      }
      client.socket.destroy();
    }
    const [trouble] = fixture.troubles.list;
    assert.match(trouble?.text ?? '', /needs SMTPUTF8, and the client has not asked for it/);
  });
}

test('a copy for an archive outside ASCII does not stop mail: it comes back to nobody', async (t) => {
  const recipient = { address: 'archiv@ö.example', isCopy: true } as const;
  const fixture = await withStages(t, { name: 'tap', data: answer({ kind: 'add-recipient', recipient }) });
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  assert.match(await client.ask('DATA\r\n'), /^354 /);
});
