// Real servers at a distance take many messages over few connections, while Sluice has several transactions on the way on each: every
// message arrives unchanged and once, and a refused recipient is reported for its own message alone.

import assert from 'node:assert/strict';
import { chownSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { startExim, withoutExim } from '../../sim/neighbours/exim.ts';
import { freePort, Ground, listening, until } from '../../sim/neighbours/ground.ts';
import { startOpenSmtpd, withoutOpenSmtpd } from '../../sim/neighbours/opensmtpd.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { startFarProxy, type Seen } from './far-proxy.ts';
import { destination, send, type Mail } from './mail.ts';

const refused = 'gone@far.test';
const nobody = 65_534;
/** Far enough for Sluice to send by BDAT. */
const rttMs = 40;

/** What a destination has in the end. */
interface Arrived {
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Header and body as they were before SMTP's dots. */
  readonly text: string;
}

interface Started {
  readonly port: number;
  /** What has arrived, where the server does not relay it to the MX. */
  readonly kept?: () => readonly Arrived[];
}

interface Server {
  readonly name: string;
  readonly skip: string | false;
  readonly hasPipelining: boolean;
  readonly hasChunking: boolean;
  /** Whether it refuses the recipient `refused`. */
  readonly refuses: boolean;
  readonly start: (ground: Ground, relayPort: number, offersChunking: boolean) => Promise<Started>;
}

const servers: readonly Server[] = [
  {
    name: 'Postfix',
    skip: withoutPostfix(),
    hasPipelining: true,
    hasChunking: true,
    refuses: true,
    start: (ground, relayPort, offersChunking) =>
      startPostfix(ground, 'postfix', {
        main: {
          relayhost: `[127.0.0.1]:${relayPort}`,
          smtpd_recipient_restrictions: `check_recipient_access inline:{{${refused}=550 5.1.1 No such person}}, permit_mynetworks, reject`,
          smtpd_discard_ehlo_keywords: offersChunking ? 'silent-discard' : 'chunking,silent-discard',
        },
      }),
  },
  {
    name: 'OpenSMTPD',
    skip: withoutOpenSmtpd(),
    hasPipelining: false,
    hasChunking: false,
    refuses: true,
    start: (ground, relayPort) => startOpenSmtpd(ground, relayPort, 'smtp', refused),
  },
  {
    name: 'Exim',
    skip: withoutExim(),
    hasPipelining: true,
    hasChunking: true,
    refuses: true,
    start: (ground, relayPort, offersChunking) => startExim(ground, { relayPort, refused, offersChunking }),
  },
  {
    name: 'smtp-sink',
    skip: withoutPostfix(),
    hasPipelining: true,
    hasChunking: false,
    refuses: false,
    start: startSmtpSink,
  },
];

/** smtp-sink writes a file for each message, with an empty line behind it. */
async function startSmtpSink(ground: Ground): Promise<Started> {
  const port = await freePort();
  const folder = ground.folder('dump');
  chownSync(folder, nobody, nobody);
  const args = ['-u', 'nobody', '-d', join(folder, '%S.'), `127.0.0.1:${port}`, '100'];
  const program = ground.start('smtp-sink', 'smtp-sink', args);
  await listening(program, port);
  return {
    port,
    kept: () =>
      readdirSync(folder).map((name) => {
        const text = readFileSync(join(folder, name), 'utf8').replaceAll(/\r?\n/gu, '\r\n').slice(0, -2);
        const addresses = (pattern: RegExp): string[] =>
          [...text.matchAll(pattern)].map((found) => found[1]!);
        return {
          sender: addresses(/^X-Mail-Args: <(.*?)>/gmu)[0]!,
          recipients: addresses(/^X-Rcpt-Args: <(.*?)>/gmu),
          text,
        };
      }),
  };
}

interface Planned extends Mail {
  readonly id: string;
  readonly body: string;
}

const head = 'From: <a@client.test>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n';

/** Messages of many sizes, some with a recipient that is refused, among others or alone. */
function plannedMail(count: number, withRefused: boolean): Planned[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `${i}@client.test`;
    const [one, other] = [`b${i}@far.test`, `c${i}@elsewhere.test`] as const;
    const mixed = withRefused ? [one, refused, other] : [one, other];
    const to = withRefused && i % 7 === 3 ? [refused] : i % 5 === 1 ? mixed : [one];
    // The largest ones are sent in several chunks.
    const lines = i % 17 === 5 ? 2_000 : (i * 13) % 90;
    const body = `.${i}\r\n..two ${id}\r\n${`line of message ${i}: ${'x'.repeat(40)}\r\n`.repeat(lines)}.end\r\n`;
    return { id, from: 'a@client.test', to, body, content: `${head}Message-ID: <${id}>\r\n\r\n${body}` };
  });
}

/**
 * Two connections at most, so that messages wait for them; mail to senders goes to the end of the way at once.
 * @param depth - transactions on the way on a connection; null: as Sluice decides
 */
function configuration(
  connections: number,
  destinationPort: number,
  mxPort: number,
  depth: number | null,
): SluiceConfig {
  return {
    deliver: { max_connections: connections, ...(depth !== null && { pipeline_depth: depth }) },
    adapt: { enabled: false },
    limit: [{ per: 'site', connections: 2 }],
    route: [
      { domain: ['client.test'], relay: [`127.0.0.1:${mxPort}`] },
      { relay: [`127.0.0.1:${destinationPort}`] },
    ],
  };
}

/** Sends mail to a server at a distance, asserts that everything arrived, and returns what the distance has seen. */
async function deliverAll(t: TestContext, server: Server, way: Way, count: number): Promise<Seen> {
  const { offersChunking, depth } = way;
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const started = await server.start(ground, mx.port, offersChunking);
  const proxy = await startFarProxy(ground, started.port, rttMs);
  const configured = (connections: number): SluiceConfig =>
    configuration(connections, proxy.port, mx.port, depth);
  const sluice = await startSluice(ground, { config: configured(0) });
  const planned = plannedMail(count, server.refuses);
  for (const mail of planned) assert.match((await send(sluice.port, mail)).at(-1)!, /^250/u);
  sluice.configure(configured(2));
  await sluice.cli('reload');
  const wanted = deliveries(planned).length;
  if (started.kept === undefined) await mx.tally.arrived(wanted);
  await until(
    'Sluice knows that everything is delivered',
    () =>
      sluice.events().filter(({ event }) => event === 'delivered' || event === 'bounced').length >= wanted,
  );
  const atMx = mx.messages.map(({ sender, recipients, content }) => ({
    sender,
    recipients,
    text: content.toString().replaceAll(/^\.\./gmu, '.'),
  }));
  assertArrived([...(started.kept?.() ?? []), ...atMx], planned);
  t.diagnostic(JSON.stringify(proxy.seen));
  if (!offersChunking) assert.equal(proxy.seen.bdats, 0);
  return proxy.seen;
}

interface Way {
  readonly offersChunking: boolean;
  readonly depth: number | null;
}

for (const server of servers) {
  suite(`${server.name} at a distance`, { skip: server.skip }, () => {
    if (!server.hasPipelining) {
      test('takes one message at a time, since it does not offer PIPELINING', async (t) => {
        const seen = await deliverAll(t, server, { offersChunking: false, depth: null }, 40);
        assert.equal(seen.pipelinedMails, 0);
      });
      return;
    }
    for (const offersChunking of server.hasChunking ? [false, true] : [false]) {
      const by = offersChunking ? 'by BDAT' : 'by DATA';
      test(`takes several messages at a time ${by}, each unchanged and once`, async (t) => {
        const seen = await deliverAll(t, server, { offersChunking, depth: null }, 120);
        assert.ok(seen.pipelinedMails > 60, 'most messages left before the one in front was answered');
        if (offersChunking) assert.ok(seen.bdats > 60);
        // One at a time by DATA has two turns a message: the commands, and the content.
        const turnsEach = offersChunking ? 1 : 1.5;
        assert.ok(seen.turns < turnsEach * 120, 'the connections waited less often than for each message');
      });
      const although = offersChunking ? ', although CHUNKING is offered' : '';
      test(`takes one message at a time by DATA where pipeline_depth says so${although}`, async (t) => {
        const seen = await deliverAll(t, server, { offersChunking, depth: 1 }, 40);
        assert.equal(seen.pipelinedMails, 0);
        assert.equal(seen.mostUnanswered, 1);
        assert.equal(seen.bdats, 0);
      });
    }
  });
}

/** Each delivery that must be made: the message and the recipient, or the message and `report` where a recipient is refused. */
function deliveries(planned: readonly Planned[]): string[] {
  return planned
    .flatMap(({ id, to }) => to.map((one) => `${id} ${one === refused ? 'report' : one}`))
    .toSorted();
}

/** Asserts that everything arrived unchanged and once, and nothing else. */
function assertArrived(messages: readonly Arrived[], planned: readonly Planned[]): void {
  const bodies = new Map(planned.map(({ id, body }) => [id, body]));
  const arrived = messages.flatMap(({ sender, recipients, text }) => {
    const body = bodyIn(text);
    if (sender === '') {
      // The report has the header of the message at its end.
      assert.match(body, /^Final-Recipient: rfc822; ?gone@far\.test/imu);
      return [`${idIn(body)} report`];
    }
    const id = idIn(text);
    assert.ok(body === bodies.get(id), `the body of ${id} is unchanged`);
    return recipients.map((recipient) => `${id} ${recipient}`);
  });
  assert.deepEqual(arrived.toSorted(), deliveries(planned));
}

function idIn(text: string): string {
  return /^Message-ID: <(\d+@client\.test)>/imu.exec(text)?.[1] ?? 'unknown';
}

function bodyIn(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}
