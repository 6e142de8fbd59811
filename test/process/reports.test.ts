// Reports to other domains, from the mail that they are about to where they arrive, with all processes of Sluice. The day ends between two
// starts: the second one has a clock that is set to the next morning.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startDnsServer } from '../../sim/dns/dns-server.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type Sluice, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import type { MxMessage } from '../../sim/mx/mx.ts';
import type { ReportsAnswer } from '../../src/control/operations/reports.ts';
import type { TlsReport } from '../../src/tlsrpt/report-json.ts';
import { recordOf, verifyMessage } from '../dkim/support.ts';
import { type Destination, destination, send } from '../interop/mail.ts';
import { makeAuthority } from '../support/certificates.ts';
import { schemaFaults } from '../reports/dmarc-schema.ts';
import { readReport } from '../reports/read-report.ts';
import { readXml } from '../reports/xml.ts';
import { reportFaults } from '../tlsrpt/report-schema.ts';

const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const published = { 'r1._domainkey.sluice.test': recordOf(key.publicKey) };
const dayMs = 86_400_000;
/** In the morning, when all reports of the day before are due. */
const aheadMs = dayMs + 12 * 3_600_000;

/** A process whose clock is set ahead. */
const nextDay = `--import data:text/javascript,${encodeURIComponent(
  `const Real = Date; globalThis.Date = class extends Real {
    constructor(...given) { if (given.length === 0) super(Real.now() + ${aheadMs}); else super(...given); }
    static now() { return Real.now() + ${aheadMs}; }
  };`,
)}`;

interface Place {
  readonly ground: Ground;
  readonly mx: Destination;
  readonly start: (env?: NodeJS.ProcessEnv) => Promise<Sluice>;
  /** What was posted by HTTPS. */
  readonly posted: { readonly path: string; readonly type: string; readonly body: Buffer }[];
}

async function place(t: TestContext, config: SluiceConfig = {}): Promise<Place> {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const authority = makeAuthority();
  const posted: Place['posted'] = [];
  const leaf = authority.issue({ names: ['hook.test'] });
  const hook = createServer({ cert: leaf.chain, key: leaf.key }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { url = '', headers } = request;
      posted.push({ path: url, type: headers['content-type'] ?? '', body: Buffer.concat(pieces) });
      if (url === '/moved') response.writeHead(307, { location: '/in' }).end();
      else response.writeHead(201).end();
    });
  });
  hook.listen(0, '127.0.0.2');
  await once(hook, 'listening');
  ground.atEnd(() => {
    hook.closeAllConnections();
    hook.close();
  });
  const { port } = hook.address() as AddressInfo;
  const dns = await startDnsServer({
    zone: {
      'far.test': { mx: [{ preference: 1, exchange: 'mx.far.test' }] },
      'mx.far.test': { a: ['127.0.0.1'] },
      'hook.test': { a: ['127.0.0.2'] },
      '_smtp._tls.far.test': {
        txt: [`v=TLSRPTv1; rua=mailto:tls@far.test,https://hook.test:${port}/moved`],
      },
      // A domain whose mail comes in. Its reports go to another organization, which agrees.
      'owner.test': { txt: ['v=spf1 ip4:127.0.0.1 -all'] },
      '_dmarc.owner.test': { txt: ['v=DMARC1; p=reject; rua=mailto:dmarc@far.test,mailto:a@victim.test'] },
      'owner.test._report._dmarc.far.test': { txt: ['v=DMARC1'] },
    },
  });
  ground.atEnd(() => dns.close());
  const folder = ground.folder('files');
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const directory = ground.folder('sluice');
  const keyFile = file('r1.pem', key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  const start = (env: NodeJS.ProcessEnv = {}) =>
    startSluice(ground, {
      directory,
      env,
      config: {
        dns: { servers: [`127.0.0.1:${dns.port}`] },
        deliver: { port: mx.port, ipv6: false },
        signing_key: [{ domain: ['sluice.test'], file: keyFile }],
        reports: { private_networks: true, ca: file('ca.pem', authority.certificate) },
        ...config,
      },
    });
  return { ground, mx, start, posted };
}

/** A Sluice that begins the next day with what the day has left. */
async function tomorrow({ start }: Place, today: Sluice): Promise<Sluice> {
  await today.program.stop('SIGTERM');
  const next = await start({ NODE_OPTIONS: nextDay });
  // The clock has stepped, which Sluice does not believe at once.
  await next.ask({ operation: 'clock.confirm' });
  return next;
}

/** What became of each report. */
async function states(sluice: Sluice): Promise<string[]> {
  const { reports } = await sluice.ask<ReportsAnswer>({ operation: 'reports.list', most: 100 });
  return reports.map(({ domain, state }) => `${domain} ${state}`);
}

/** The parts of a report as a message. */
function opened({ content }: MxMessage) {
  const text = content.toString('latin1');
  const header = text.slice(0, text.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ');
  const attachment = /Content-Transfer-Encoding: base64\r\n(?:.+\r\n)+?\r\n([A-Za-z0-9+/=\r\n]+)/.exec(text);
  const { signatures } = verifyMessage(Buffer.from(content), published, {
    now: Math.floor((Date.now() + aheadMs) / 1000),
  });
  return {
    header,
    signed: signatures.map(({ result, domain }) => `${domain} ${result}`),
    attached: gunzipSync(Buffer.from(attachment?.[1] ?? '', 'base64')).toString('utf8'),
  };
}

test('a domain whose TLS failed is told on the next day, by signed mail and by HTTPS, and once', async (t) => {
  const ground = await place(t);
  const { mx, posted } = ground;
  const day = new Date().toISOString().slice(0, 10);
  const today = await ground.start();
  await send(today.port, {
    from: 'a@sluice.test',
    to: ['b@far.test'],
    content: 'From: a@sluice.test\r\nSubject: x\r\n\r\nHello\r\n',
  });
  await mx.tally.arrived(1);
  await until('the session is counted', async () => (await states(today)).includes('far.test counting'));
  const next = await tomorrow(ground, today);
  await mx.tally.arrived(2);
  const mail = mx.messages[1];
  assert.ok(mail);
  const { header, signed, attached } = opened(mail);
  assert.deepEqual(signed, ['sluice.test pass']);
  for (const line of [
    'From: <reports@sluice.test>',
    'To: <tls@far.test>',
    `Subject: Report Domain: far.test Submitter: sluice.test Report-ID: <${day}.tls.far.test@sluice.test>`,
    'TLS-Report-Domain: far.test',
    'TLS-Report-Submitter: sluice.test',
    'TLS-Required: No',
  ]) {
    assert.ok(header.includes(`\r\n${line}`), `${line} in ${header}`);
  }
  assert.match(header, /h=\S*TLS-Report-Domain:TLS-Report-Submitter|TLS-Report-Domain/);
  const report = JSON.parse(attached) as TlsReport;
  assert.deepEqual(reportFaults(report), []);
  assert.deepEqual(
    report.policies[0]?.['failure-details']?.map((each) => each['result-type']),
    ['starttls-not-supported'],
  );
  await until('it is posted', () => posted.length === 2);
  assert.deepEqual(
    posted.map(({ path, type }) => `${path} ${type}`),
    ['/moved application/tlsrpt+gzip', '/in application/tlsrpt+gzip'],
  );
  assert.deepEqual(JSON.parse(gunzipSync(posted[1]?.body ?? '').toString()), report);
  // The session that carried the report is in no report (RFC 8460 3), and the next start sends nothing again.
  await until('it is in the list', async () => (await states(next)).join(',') === 'far.test sent');
  const kept = join(next.spool, 'reports.json');
  await until('it is kept', () => existsSync(kept) && readFileSync(kept, 'utf8').includes('"state":"sent"'));
  await next.program.stop('SIGKILL');
  const again = await ground.start({ NODE_OPTIONS: nextDay });
  assert.deepEqual(await states(again), ['far.test sent']);
  assert.match(await again.cli('reports', 'list'), /far\.test +sent/);
});

test('a domain whose mail came in is told on the next day what became of it by DMARC', async (t) => {
  const ground = await place(t, {
    reports: { dmarc: true, tls: false, organization: 'Us & <them>' },
    verification: { mode: 'on', dmarc_fail: 'policy' },
    receive: { relay_networks: ['10.0.0.0/8'], relay_domains: ['far.test'] },
    processes: { receivers: 2 },
  });
  const { mx } = ground;
  const day = new Date().toISOString().slice(0, 10);
  const today = await ground.start();
  let number = 0;
  const mail = (from: string, subject: string) => ({
    from,
    to: ['b@far.test'],
    content: `From: a@owner.test\r\nMessage-ID: <${++number}@owner.test>\r\nSubject: ${subject}\r\n\r\nHello\r\n`,
  });
  const reply = async (from: string, subject = 'x') =>
    (await send(today.port, mail(from, subject))).at(-1)?.slice(0, 3);
  for (let at = 0; at < 3; at++) assert.equal(await reply('a@owner.test'), '250');
  for (let at = 0; at < 2; at++) assert.equal(await reply('a@other.test'), '550');
  // Reports about reports would go on for ever.
  assert.equal(await reply('a@owner.test', 'Report Domain: x Submitter: y'), '250');
  await mx.tally.arrived(4);
  // What receivers have gathered comes to the manager when they stop, too.
  const next = await tomorrow(ground, today);
  await mx.tally.arrived(5);
  const report = mx.messages[4];
  assert.ok(report);
  const { header, signed, attached } = opened(report);
  assert.deepEqual(signed, ['sluice.test pass']);
  assert.ok(
    header.includes(
      `\r\nSubject: Report Domain: owner.test Submitter: sluice.test Report-ID: <${day}.dmarc.owner.test@sluice.test>`,
    ),
    header,
  );
  assert.deepEqual(schemaFaults(readXml(attached)), []);
  const read = readReport(attached);
  assert.equal(read.organization, 'Us & <them>');
  // Which of the receivers tells first is open.
  const records = read.records.toSorted((one, other) => other.count - one.count);
  assert.deepEqual(
    records.map(({ sourceIp, count, disposition, dkim, spf, identifiers, spfResults }) => [
      sourceIp,
      count,
      disposition,
      dkim,
      spf,
      identifiers['envelope_from'],
      spfResults[0]?.['result'],
    ]),
    [
      ['127.0.0.1', 3, 'pass', 'fail', 'pass', 'owner.test', 'pass'],
      ['127.0.0.1', 2, 'reject', 'fail', 'fail', 'other.test', 'none'],
    ],
  );
  assert.deepEqual(read.policy, {
    domain: 'owner.test',
    discovery_method: 'treewalk',
    p: 'reject',
    sp: 'reject',
    np: 'reject',
    fo: '0',
    adkim: 'r',
    aspf: 'r',
    testing: 'n',
  });
  const shown = await next.cli('reports', 'show', 'owner.test', day, '--kind', 'dmarc');
  assert.equal(shown, attached);
  // The stranger who has not agreed gets nothing.
  const list = await next.cli('reports', 'list');
  assert.match(list, /owner\.test +sent .*mailto:dmarc@far\.test/);
  assert.doesNotMatch(list, /victim/);
});
