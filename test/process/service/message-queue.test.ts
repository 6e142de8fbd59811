// Messages to the service manager go out one after the other, and none of them makes anybody wait.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageQueue, type SendMessage } from '../../../src/process/service/message-queue.ts';

type Done = Parameters<SendMessage>[1];

/** A queue whose sends are ended by hand. */
function manual() {
  const sent: string[] = [];
  const lost: string[] = [];
  const ends: Done[] = [];
  const queue = new MessageQueue(
    (message, done) => {
      sent.push(message);
      ends.push(done);
    },
    ({ message }) => lost.push(message),
  );
  const end: Done = (error) => ends.shift()?.(error);
  return { queue, sent, lost, end };
}

test('the next message goes out when the one before it has', () => {
  const { queue, sent, end } = manual();
  queue.post('a');
  queue.post('b');
  assert.deepEqual(sent, ['a']);
  end();
  assert.deepEqual(sent, ['a', 'b']);
});

test('a message for which there is no room is sent again, before those that came later', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { queue, sent, lost, end } = manual();
  queue.post('a');
  queue.post('b');
  end(Object.assign(new Error('full'), { code: 'EAGAIN' }));
  assert.deepEqual(sent, ['a']);
  t.mock.timers.tick(200);
  end();
  end();
  assert.deepEqual([sent, lost], [['a', 'a', 'b'], []]);
  assert.ok(!queue.isBusy);
});

test('a message that cannot be sent is reported, and the next one goes out', () => {
  const { queue, sent, lost, end } = manual();
  queue.post('a');
  queue.post('b');
  end(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }));
  assert.deepEqual([sent, lost], [['a', 'b'], ['gone']]);
});

test('of many messages that wait, the newest are kept', () => {
  const { queue, sent, end } = manual();
  for (let number = 0; number < 100; number++) queue.post(String(number));
  while (queue.isBusy) end();
  assert.deepEqual([sent[0], sent.length, sent.at(-1)], ['0', 17, '99']);
});

test('a flush ends when all messages are out, or its patience is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { queue, end } = manual();
  await queue.flush(1_000); // nothing waits
  queue.post('a');
  const flushed = queue.flush(1_000);
  end();
  await flushed;
  queue.post('b');
  const given = queue.flush(1_000);
  t.mock.timers.tick(1_000);
  await given;
});
