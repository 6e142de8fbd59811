// Senders that are rewritten on the way through Sluice, with all of its processes, and the bounces that come back: who is rewritten, where
// bounces go, which addresses are refused, and what happens while there is no secret.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { srsHash } from '../../src/srs/srs-hash.ts';
import { dayOf, stampOf } from '../../src/srs/srs-day.ts';
import { type Sluice, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import { type Destination, destination, send } from '../interop/mail.ts';

interface Place {
  readonly ground: Ground;
  /** Takes mail that is passed on. */
  readonly next: Destination;
  /** Takes mail of the domain that senders are from. */
  readonly origin: Destination;
  readonly sluice: Sluice;
  readonly secretFile: string;
  configure(more?: SluiceConfig): void;
}

const secret = 'a secret of the first days';

interface Setting {
  /** Keys of [srs] beside domain and secret_file. */
  readonly srs?: Readonly<Record<string, string | boolean | readonly string[]>>;
  /** Permissions of the file with the secret. */
  readonly mode?: number;
}

async function place(
  t: TestContext,
  more: SluiceConfig = {},
  { srs = {}, mode = 0o600 }: Setting = {},
): Promise<Place> {
  const ground = Ground.of(t);
  const [next, origin] = [await destination(ground), await destination(ground)];
  const secretFile = join(ground.folder('secrets'), 'srs.secret');
  writeFileSync(secretFile, `${secret}\n`, { mode });
  const config = (added: SluiceConfig): SluiceConfig => ({
    // A stranger for whom Sluice is a backup MX of passed.test, and of nothing else.
    receive: { relay_networks: [], relay_domains: ['passed.test'] },
    srs: { domain: 'srs.test', secret_file: secretFile, ...srs },
    processes: { single_process: true },
    route: [
      { domain: ['passed.test'], relay: [`127.0.0.1:${next.port}`], srs: true },
      { domain: ['plain.test'], relay: [`127.0.0.1:${next.port}`] },
      { domain: ['origin.test', 'first.test'], relay: [`127.0.0.1:${origin.port}`] },
    ],
    ...added,
  });
  const sluice = await startSluice(ground, { config: config(more) });
  const configure = (added: SluiceConfig = {}) => sluice.configure(config({ ...more, ...added }));
  return { ground, next, origin, sluice, secretFile, configure };
}

const content = 'From: joe@origin.test\r\nTo: b@passed.test\r\nSubject: x\r\n\r\nHello\r\n';
const mail = { from: 'joe@origin.test', to: ['b@passed.test'], content };
const bounce = (to: string, from = '') => ({ from, to: [to], content: 'Subject: failed\r\n\r\n-\r\n' });

for (const single of [true, false])
  test(`a foreign sender is rewritten, and a bounce to it goes back to the sender, ${single ? 'in one process' : 'in several processes'}`, async (t) => {
    const { next, origin, sluice } = await place(t, { processes: { single_process: single } });
    await send(sluice.port, mail);
    await next.tally.arrived(1);
    const sender = next.messages[0]!.sender;
    assert.match(sender, /^SRS0=[A-Za-z0-9+/]{4}=[A-Z2-7]{2}=origin\.test=joe@srs\.test$/);
    const [delivered] = await sluice.logged('delivered');
    assert.deepEqual([delivered!['from'], delivered!['sentAs']], ['joe@origin.test', sender]);

    assert.match((await send(sluice.port, bounce(sender))).at(-1)!, /^250/);
    await origin.tally.arrived(1);
    assert.deepEqual(origin.messages[0]!.recipients, ['joe@origin.test']);
    assert.equal(origin.messages[0]!.sender, '');
    const received = await sluice.logged('received', 2);
    assert.deepEqual([received[1]!['to'], received[1]!['given']], [['joe@origin.test'], [sender]]);
  });

/** An address at the SRS domain, as another host with the secret would have made it so many days ago. */
function madeBefore(days: number, local = 'joe', domain = 'origin.test'): string {
  const stamp = stampOf(dayOf(Date.now()) - days);
  return `SRS0=${srsHash(secret, [stamp, domain, local], 4)}=${stamp}=${domain}=${local}@srs.test`;
}

test('only foreign senders are rewritten, and only where the route says so', async (t) => {
  const { next, sluice } = await place(
    t,
    { receive: { relay_networks: ['127.0.0.0/8'], relay_domains: ['passed.test'] } },
    { srs: { keep: ['friend.test'] } },
  );
  const from = async (sender: string, ...to: string[]) => send(sluice.port, { ...mail, from: sender, to });
  await from('', 'b@passed.test');
  await from('joe@passed.test', 'b@passed.test');
  await from('joe@Friend.TEST', 'b@passed.test');
  await from('joe@[192.0.2.1]', 'b@passed.test');
  await from('joe@origin.test', 'b@plain.test', 'b@passed.test');
  await next.tally.arrived(6);
  const seen = next.messages.map(({ sender, recipients }) => `${sender.replace(/=.*=/, '=')} ${recipients}`);
  assert.deepEqual(seen.sort(), [
    ' b@passed.test',
    'SRS0=joe@srs.test b@passed.test',
    'joe@Friend.TEST b@passed.test',
    'joe@[192.0.2.1] b@passed.test',
    'joe@origin.test b@plain.test',
    'joe@passed.test b@passed.test',
  ]);
});

test('an address that was not signed here, or has expired, opens no way to anybody', async (t) => {
  const { origin, sluice } = await place(t);
  const answer = async (to: string) => (await send(sluice.port, bounce(to)))[1];
  assert.match((await answer('joe@origin.test'))!, /^550 5\.7\.1 Relaying denied/);
  assert.match((await answer('joe@srs.test'))!, /^550 5\.7\.1 Relaying denied/);
  assert.match((await answer(madeBefore(0).replace('=joe', '=eve')))!, /^550 5\.1\.1 .*not made here/);
  assert.match((await answer('SRS0=x@srs.test'))!, /^550 5\.1\.1 /);
  assert.match((await answer(madeBefore(22)))!, /^550 5\.1\.6 This SRS address has expired/);
  assert.match((await answer(madeBefore(0).replace('@srs.test', '@other.test')))!, /^550 5\.7\.1 /);
  assert.match((await answer(madeBefore(21).toLowerCase()))!, /^250/);
  await origin.tally.arrived(1);
  assert.deepEqual(origin.messages[0]!.recipients, ['joe@origin.test']);
  // One reversed recipient gives the next one of the transaction no right.
  const replies = await send(sluice.port, {
    ...bounce(madeBefore(1)),
    to: [madeBefore(1), 'eve@origin.test'],
  });
  assert.match(replies[1]!, /^250/);
  assert.match(replies[2]!, /^550 5\.7\.1 Relaying denied/);
});

test('the address of an earlier forwarder is wrapped once, and leads back to that forwarder', async (t) => {
  const { next, origin, sluice } = await place(t);
  const first = 'SRS0+abcd=AB=far.test=ann@first.test';
  await send(sluice.port, { ...mail, from: first });
  await next.tally.arrived(1);
  const { sender } = next.messages[0]!;
  assert.match(sender, /^SRS1=[^=]{4}=first\.test=\+abcd=AB=far\.test=ann@srs\.test$/);
  await send(sluice.port, bounce(sender));
  await origin.tally.arrived(1);
  assert.deepEqual(origin.messages[0]!.recipients, [first]);
});

test('with bounces_only, mail with a sender is refused', async (t) => {
  const { sluice } = await place(t, {}, { srs: { bounces_only: true } });
  const answer = async (sender: string) => (await send(sluice.port, bounce(madeBefore(0), sender)))[1];
  assert.match((await answer('eve@far.test'))!, /^550 5\.7\.1 This address takes bounces only/);
  assert.match((await answer(''))!, /^250/);
});

test('what the next server refuses is reported to the sender itself, not to the address that it was given', async (t) => {
  const ground = Ground.of(t);
  const next = await destination(ground, {
    personality: ({ stage }) => (stage === 'rcpt' ? { reply: '550 5.1.1 Nobody' } : undefined),
  });
  const { origin, sluice } = await place(t, {
    route: [
      { domain: ['passed.test'], relay: [`127.0.0.1:${next.port}`], srs: true },
      { domain: ['origin.test'], relay: ['127.0.0.1:1'] },
    ],
  });
  await send(sluice.port, mail);
  // A next hop that forwards without rewriting sends our address back to us.
  await send(sluice.port, { ...mail, from: madeBefore(3) });
  await send(sluice.port, { ...mail, from: madeBefore(0).replace('=joe', '=eve') });
  await sluice.logged('bounced', 3);
  const reports = (await sluice.logged('received', 5)).filter(({ via }) => via === 'bounce');
  assert.deepEqual(
    reports.map(({ to }) => to),
    [['joe@origin.test'], ['joe@origin.test']],
  );
  const [dropped] = await sluice.logged('dropped');
  assert.match(String(dropped!['reason']), /an SRS address that was not made here, or has expired/);
  assert.equal(origin.messages.length, 0);
});

test('without a secret, mail that needs it waits and other mail goes; it goes on when the file is right', async (t) => {
  const { next, sluice, secretFile } = await place(t, { queue: { retry: ['1s'] } }, { mode: 0o644 });
  await send(sluice.port, mail);
  await send(sluice.port, { ...mail, from: '', to: ['c@passed.test'] });
  await next.tally.arrived(1);
  assert.equal(next.messages[0]!.sender, '');
  const [deferred] = await sluice.logged('deferred');
  assert.match(String(deferred!['reply']), /4\.3\.0 .*srs\.secret: every user of this host may read it/);
  assert.match((await send(sluice.port, bounce(madeBefore(0))))[1]!, /^451 4\.3\.5 /);
  await sluice.shows(/The secrets of SRS cannot be read/, 'status');
  chmodSync(secretFile, 0o600);
  await next.tally.arrived(2);
  assert.match(next.messages[1]!.sender, /^SRS0=/);
  assert.match((await send(sluice.port, bounce(madeBefore(0))))[1]!, /^250/);
  await until(
    'the trouble is over',
    async () => !(await sluice.cli('status')).includes('The secrets of SRS'),
  );
});

test('operators see both senders, and what an SRS address leads to', async (t) => {
  const ground = Ground.of(t);
  const next = await destination(ground, {
    personality: ({ stage }) => (stage === 'mail' ? { reply: '450 4.7.1 Later' } : undefined),
  });
  const { sluice } = await place(t, {
    route: [
      { domain: ['passed.test'], relay: [`127.0.0.1:${next.port}`], srs: true },
      { domain: ['origin.test'], relay: [`127.0.0.1:${next.port}`] },
    ],
  });
  await send(sluice.port, mail);
  await send(sluice.port, bounce(madeBefore(0)));
  const [first, second] = await sluice.logged('deferred', 2);
  const shown = async (id: unknown) => sluice.cli('queue', 'show', String(id));
  const both = `${await shown(first!['id'])}${await shown(second!['id'])}`;
  assert.match(both, /From +<joe@origin\.test>/);
  assert.match(both, /Sent as +<SRS0=.*=origin\.test=joe@srs\.test> \(SRS\)/);
  assert.match(both, /To +<joe@origin\.test>\n +Given as +rfc822;SRS0=.*=joe@srs\.test/);
  const explained = await sluice.cli('explain', '--sender', 'joe@origin.test', 'x@passed.test');
  assert.match(explained, /Sender +<joe@origin\.test> becomes <SRS0=.*@srs\.test> \(SRS\)/);
  assert.match(explained, /\[\[route\]\] route 1/);
  assert.match(await sluice.cli('explain', '--sender', '<>', 'x@passed.test'), /Sender +<.*> stays as it is/);
  const back = await sluice.cli('explain', madeBefore(0));
  assert.match(back, /Leads to +joe@origin\.test \(SRS\)\nRoute .*\(\[\[route\]\] route 2\)/);
  const made = (await sluice.cli('srs', 'forward', 'joe@origin.test')).trim();
  assert.match(await sluice.cli('srs', 'reverse', made), /^joe@origin\.test\n/);
});

test('a new secret signs without a restart, and addresses of before stay good, also after kill -9', async (t) => {
  const { next, origin, sluice, configure } = await place(t, { processes: {} });
  await send(sluice.port, mail);
  await next.tally.arrived(1);
  const before = next.messages[0]!.sender;
  await sluice.cli('srs', 'secret');
  configure({ queue: { lifetime: '4d' } });
  await sluice.cli('reload');
  for (const role of ['receiver', 'sender', 'manager']) process.kill(sluice.pidOf(role), 'SIGKILL');
  await until('a receiver runs again', async () => {
    try {
      return (await send(sluice.port, bounce(before))).at(-1)!.startsWith('250');
    } catch {
      return false; // nobody listens at the moment
    }
  });
  await origin.tally.arrived(1);
  await send(sluice.port, { ...mail, to: ['c@passed.test'] });
  await next.tally.arrived(2);
  const after = next.messages.at(-1)!.sender;
  assert.match(await sluice.cli('srs', 'reverse', before), /signed with secret 2 of the file/);
  assert.doesNotMatch(await sluice.cli('srs', 'reverse', after), /secret 2/);
});
