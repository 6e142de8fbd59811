// Plugins of qmail-spp in real sessions: shell scripts, as administrators write them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Places } from '../../../src/io/places.ts';
import { replyAt, withPlugins } from './ground.ts';

test('refusals of later commands come at their command, and end with the transaction', async (t) => {
  const { fixture } = await withPlugins(
    t,
    '[helo]\n:test "$SMTPHELOHOST" = bad.example && echo LM550 bad sender\n[mail]\n:test "$SMTPMAILFROM" = x@example.net && echo LR551 bad rcpt && echo LD552 bad data\n',
  );
  const bad = await fixture.client();
  await bad.reply();
  await bad.ask('EHLO bad.example\r\n');
  assert.equal(await bad.ask('MAIL FROM:<a@example.net>\r\n'), '550 bad sender');
  await bad.ask('RSET\r\n');
  assert.equal(await bad.ask('MAIL FROM:<a@example.net>\r\n'), '550 bad sender');
  const client = await fixture.client();
  await client.reply();
  await client.ask('EHLO client.example\r\n');
  await client.ask('MAIL FROM:<x@example.net>\r\n');
  assert.equal(await client.ask('RCPT TO:<b@example.com>\r\n'), '551 bad rcpt');
  await client.ask('RSET\r\n');
  await client.ask('MAIL FROM:<y@example.net>\r\n');
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250 /);
  assert.match(await client.ask('DATA\r\n'), /^354 /);
});

test('plugins know who sends what', async (t) => {
  const { fixture, folder } = await withPlugins(
    t,
    '[connection]\n:echo SMINE=kept\n[rcpt]\n:env | sort > "$OUT/env"\n[data]\n:env | sort > "$OUT/data"\n',
  );
  const client = await fixture.client();
  await replyAt(client, 'rcpt');
  await client.ask('RCPT TO:<joe@elsewhere.example>\r\n');
  const seen = Object.fromEntries(
    readFileSync(join(folder, 'env'), 'utf8')
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  ) as Record<string, string>;
  assert.equal(seen['SMTPHELOHOST'], 'client.example');
  assert.equal(seen['SMTPMAILFROM'], 'a@example.net');
  assert.equal(seen['SMTPRCPTTO'], 'joe@elsewhere.example');
  assert.equal(seen['SMTPRCPTCOUNT'], '1');
  assert.equal(seen['SMTPRCPTCOUNTALL'], '2');
  assert.equal(seen['SMTPRCPTHOSTSOK'], '0');
  assert.equal(seen['RELAYCLIENT'], undefined);
  assert.equal(seen['TCPREMOTEIP'], '127.0.0.1');
  assert.equal(seen['TCPREMOTEHOST'], 'client.example.net');
  assert.equal(seen['TCPREMOTEPORT'], String(client.socket.localPort));
  assert.equal(seen['TCPLOCALIP'], '127.0.0.1');
  assert.equal(seen['TCPLOCALPORT'], String(client.socket.remotePort));
  assert.equal(seen['TCPLOCALHOST'], 'mx.example.org');
  assert.equal(seen['PROTO'], 'TCP');
  assert.equal(seen['MINE'], 'kept');
  assert.equal(seen['USER'], undefined);
  await client.ask('DATA\r\n');
  const atData = readFileSync(join(folder, 'data'), 'utf8');
  assert.match(atData, /^SMTPRCPTCOUNTALL=2$/m);
  assert.match(atData, /^SMTPRCPTTO=joe@elsewhere\.example$/m);
});

test('a local recipient is told by SMTPRCPTHOSTSOK, and NOSPP and A turn plugins off', async (t) => {
  const { fixture, folder } = await withPlugins(
    t,
    '[mail]\n:test "$SMTPMAILFROM" = off@example.net && echo A\n[rcpt]\n:echo "$SMTPRCPTTO $SMTPRCPTHOSTSOK" >> "$OUT/seen"\n',
  );
  const client = await fixture.client();
  await replyAt(client, 'rcpt');
  await client.ask('RSET\r\n');
  await client.ask('MAIL FROM:<off@example.net>\r\n');
  await client.ask('RCPT TO:<c@example.com>\r\n');
  assert.equal(readFileSync(join(folder, 'seen'), 'utf8'), 'b@example.com 1\n');
});

test('RELAYCLIENT lets a client relay, appends its value, and takes the right away again', async (t) => {
  const control = (line: string) => `[mail]\n:${line}\n`;
  const { fixture, write } = await withPlugins(t, control('true'));
  const reply = async (): Promise<string> => {
    const client = await fixture.client();
    await replyAt(client, 'mail');
    return client.ask('RCPT TO:<c@elsewhere.example>\r\n');
  };
  assert.equal(await reply(), '550 5.7.1 Relaying denied');
  write(control('echo SRELAYCLIENT='));
  assert.match(await reply(), /^250 /);
  write(control('echo SRELAYCLIENT=.relay.example'));
  const client = await fixture.client();
  await replyAt(client, 'mail');
  await client.ask('RCPT TO:<c@elsewhere.example>\r\n');
  await client.ask('DATA\r\n');
  await client.ask('Subject: x\r\n\r\n.\r\n');
  assert.deepEqual(
    fixture.spool.kept[0]?.envelope.recipients.map(({ address }) => address),
    ['c@elsewhere.example.relay.example'],
  );
  const { fixture: ours } = await withPlugins(t, control('echo URELAYCLIENT'), { mayRelay: true });
  const own = await ours.client();
  await replyAt(own, 'mail');
  assert.equal(await own.ask('RCPT TO:<c@elsewhere.example>\r\n'), '550 5.7.1 Relaying denied');
  assert.match(await own.ask('RCPT TO:<c@example.com>\r\n'), /^250 /);
});

test('O leaves out the checks of the server', async (t) => {
  const { fixture } = await withPlugins(t, '[rcpt]\n:test "$SMTPRCPTTO" = c@elsewhere.example && echo O\n');
  const client = await fixture.client();
  await replyAt(client, 'mail');
  assert.match(await client.ask('RCPT TO:<c@elsewhere.example>\r\n'), /^250 /);
  assert.equal(await client.ask('RCPT TO:<d@elsewhere.example>\r\n'), '550 5.7.1 Relaying denied');
});

test('fields and addresses are changed, in the order in which it was said', async (t) => {
  const { fixture } = await withPlugins(
    t,
    '[connection]\n:echo HX-First: 1\n[mail]\n:echo Cnew@example.net\n:echo "HX-Second: $SMTPMAILFROM"\n[rcpt]\n:echo Cchanged@example.com\n',
  );
  const client = await fixture.client();
  await replyAt(client, 'data');
  await client.ask('Subject: x\r\n\r\n.\r\n');
  const stored = fixture.spool.kept[0]?.envelope;
  assert.equal(stored?.reversePath, 'new@example.net');
  assert.deepEqual(
    stored?.recipients.map(({ address }) => address),
    ['changed@example.com'],
  );
  assert.match(
    fixture.spool.kept[0]?.content ?? '',
    /^Received: [^]*?\r\nX-First: 1\r\nX-Second: new@example\.net\r\nSubject: x/,
  );
  // The next message has nothing of it but what is said again.
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  await client.ask('DATA\r\n');
  await client.ask('Subject: y\r\n\r\n.\r\n');
  assert.doesNotMatch(fixture.spool.kept[1]?.content ?? '', /X-First/);
  assert.match(fixture.spool.kept[1]?.content ?? '', /X-Second/);
});

test('a plugin that cannot do its work is a temporary error, whatever it printed', async (t) => {
  const { fixture, write, folder } = await withPlugins(t, '', { timeLimitMs: 3000 });
  for (const [plugin, isFailure] of [
    [':echo E550 no; exit 120', true],
    [':echo A; kill -9 $$', true],
    ['does/not/exist', true],
    [folder, true],
    [':head -c 100000 /dev/zero | tr "\\\\0" x', true],
    [':echo A; sleep 60', true],
    [':exit 3', false],
    [':echo; exit 1', false],
    [':sleep 60 >/dev/null 2>&1 &', false],
  ] as const) {
    write(`[mail]\n${plugin}\n`);
    const client = await fixture.client();
    const reply = await replyAt(client, 'mail');
    assert.match(reply, isFailure ? /^451 4\.3\.0 A check of this server failed/ : /^250 /, plugin);
  }
});

test('a file of plugins that nobody can understand is a temporary error, until it is mended', async (t) => {
  const { fixture, write } = await withPlugins(t, '[quit]\n:true\n');
  const client = await fixture.client();
  assert.match(await client.reply(), /^421 /);
  write('[rcpt]\n:true\n');
  assert.match(await (await fixture.client()).reply(), /^220 /);
});

test('what plugins write to their standard error goes to the log', async (t) => {
  const { fixture, complaints } = await withPlugins(t, '[mail]\n:echo "user unknown" >&2; echo more >&2\n');
  await replyAt(await fixture.client(), 'mail');
  assert.deepEqual(
    complaints.map((line) => line.replace(/^:.*?: /, '')),
    ['user unknown', 'more'],
  );
});

test('programs wait in line, and a session beyond the line is asked to try again', async (t) => {
  const places = new Places(1, 0);
  const { fixture } = await withPlugins(t, '[mail]\n:true\n', { places });
  const client = await fixture.client();
  await replyAt(client, 'helo');
  assert.equal(await places.take(1000), 'place');
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^451 4\.3\.2 /);
  places.leave();
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250 /);
});
