// Recipients that other servers are asked for, with Sluice as a program: by SMTP and LMTP, and while a server is away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { endpointText } from '../../src/values/hop-endpoint.ts';
import { startMailboxServer } from '../deliver/mailbox-server.ts';
import { send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

test('servers are asked which recipients exist, on connections that are kept', async (t) => {
  const ground = Ground.of(t);
  const smtp = await startMailboxServer(t, 'smtp', 'tcp');
  const lmtp = await startMailboxServer(t, 'lmtp', 'unix');
  const nobody = await freePort();
  const sluice = await startSluice(ground, {
    config: {
      processes: { receivers: 1 },
      recipients: [
        { domain: ['far.test'], 'call_ahead.smtp': [`127.0.0.1:${nobody}`, endpointText(smtp.endpoint)] },
        { domain: ['near.test'], 'call_ahead.lmtp': [endpointText(lmtp.endpoint)] },
        { domain: ['gone.test'], 'call_ahead.smtp': [`127.0.0.1:${nobody}`] },
      ],
      deliver: { max_connections: 0 },
    },
  });
  const answer = async (to: string): Promise<string> => {
    const replies = await send(sluice.port, { from: 'a@b.example', to: [to], content });
    return replies.find((reply) => !/^(?:220|250)/u.test(reply)) ?? replies.at(-1) ?? '';
  };
  const accepted = /^(?:250|354)/u;
  for (const [to, expected] of [
    ['joe@far.test', accepted],
    ['unknown@far.test', /^550 5\.1\.1 No such mailbox here/u],
    ['jane@far.test', accepted],
    ['joe@near.test', accepted],
    ['unknown1@near.test', /^550 5\.1\.1 No such mailbox here/u],
    ['joe@gone.test', /^451 4\.3\.0 Recipients cannot be checked now, try again later/u],
    ['postmaster@gone.test', accepted],
  ] as const) {
    assert.match(await answer(to), expected, to);
  }
  assert.equal(smtp.connections, 1);
  assert.equal(lmtp.connections, 1);
  assert.deepEqual([smtp.deliveries, lmtp.deliveries], [[], []]);
  await sluice.shows(/Recipients cannot be asked for: 127\.0\.0\.1: .*refused/u, 'status');
  // None is, but those whose names begin with "unknown".
  await until('it is known that nobody is refused there', async () =>
    /accepts every recipient at far\.test/u.test(await sluice.cli('status')),
  );
});
