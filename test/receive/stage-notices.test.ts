// What stages are told without being asked: refused recipients, and the end of transactions and sessions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goOn, type Stage } from '../../src/policy/stage.ts';
import { greeted } from './fixture.ts';
import { turns, unknown, withStages } from './stage-fixture.ts';

function listening(heard: string[]): Stage {
  return {
    name: 'listening',
    recipientRefused: ({ recipient, transaction }, { code }, by) => {
      heard.push(`${by} refused ${recipient.address} of ${transaction.queueId}: ${code}`);
    },
    transactionEnded: () => void heard.push('transaction'),
    sessionEnded: () => void heard.push('session'),
  };
}

const picky: Stage = {
  name: 'picky',
  rcpt: ({ recipient }) => (recipient.address === 'no@example.com' ? unknown : goOn),
  content: ({ header }) => (header.fields.some(({ name }) => name === 'x-no') ? unknown : goOn),
};

test('a stage hears of each end of a transaction once, and of the end of the session last', async (t) => {
  const heard: string[] = [];
  const fixture = await withStages(t, listening(heard), picky);
  const client = await greeted(fixture);
  const expect = (...lines: readonly string[]): void => assert.deepEqual(heard.splice(0, Infinity), lines);
  const mail = async (...commands: readonly string[]): Promise<void> => {
    for (const command of ['MAIL FROM:<a@example.com>', ...commands]) await client.ask(`${command}\r\n`);
  };
  await client.ask('RSET\r\n');
  expect();
  await mail('RCPT TO:<no@example.com>', 'RCPT TO:<b@example.com>', 'DATA', 'Subject: x\r\n\r\nHello\r\n.');
  expect('picky refused no@example.com of ID1: 550', 'transaction');
  await mail('RCPT TO:<b@example.com>', 'DATA', 'X-No: x\r\n\r\nHello\r\n.');
  expect('transaction');
  await mail('RSET');
  expect('transaction');
  await mail('EHLO client.test');
  expect('transaction');
  await mail();
  client.socket.destroy();
  while (heard.length < 2) await turns();
  expect('transaction', 'session');
});

test('a stage that throws at a notice is a trouble, and keeps nobody else from hearing', async (t) => {
  const heard: string[] = [];
  const broken: Stage = {
    name: 'broken',
    transactionEnded: () => {
      throw new Error('no');
    },
  };
  const fixture = await withStages(t, broken, listening(heard));
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@example.com>\r\n');
  assert.match(await client.ask('RSET\r\n'), /^250/);
  assert.deepEqual(heard, ['transaction']);
  assert.match(fixture.troubles.list[0]?.text ?? '', /told of transactionEnded: no/);
});
