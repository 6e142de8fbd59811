// Filters of OpenSMTPD of other makers, unchanged, as a running Sluice asks them: Debian's filter-dkimsign, filter-rspamd and filter-senderscore.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, globSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { recordOf, resultsOf } from '../dkim/support.ts';
import { destination, type Destination, send } from './mail.ts';

const unpacked = resolve(import.meta.dirname, '../../var/interop/filters');

/** Where a package is: installed, or unpacked by `.ci/run`. */
function placeOf(
  filter: string,
): { readonly path: string; readonly environment: Record<string, string> } | undefined {
  const path = join('usr/libexec/opensmtpd', filter);
  if (existsSync(join('/', path))) return { path: join('/', path), environment: {} };
  const own = join(unpacked, filter.slice('filter-'.length), path);
  const libraries = globSync(join(unpacked, 'lib/usr/lib/*')).join(':');
  return existsSync(own) ? { path: own, environment: { LD_LIBRARY_PATH: libraries } } : undefined;
}

function without(filter: string): string | false {
  return placeOf(filter) === undefined && `${filter} is not there (Debian: opensmtpd-${filter})`;
}

const plain =
  'Message-ID: <one@example.com>\r\nDate: Fri, 10 Mar 2023 23:29:35 +0000\r\nFrom: Joe <joe@example.com>\r\nTo: a@far.test\r\nSubject: x\r\n';
const body = '\r\nHello.\r\n.\r\n..dots\r\n';
const mail = { from: 'joe@example.com', to: ['a@far.test'], content: `${plain}${body}` };

/** As they were before their dots were doubled. */
function arrived(mx: Destination): readonly Buffer[] {
  return mx.messages.map(({ content }) =>
    Buffer.from(content.toString('latin1').replaceAll(/^\./gmu, ''), 'latin1'),
  );
}

async function filtered(
  ground: Ground,
  filter: string,
  args: readonly string[],
): Promise<{ readonly sluice: Sluice; readonly mx: Destination }> {
  const mx = await destination(ground);
  const place = placeOf(filter);
  assert.ok(place !== undefined);
  const sluice = await startSluice(ground, {
    config: {
      stage: [
        {
          name: 'filter',
          kind: 'opensmtpd-filter',
          command: [place.path, ...args],
          environment: place.environment,
        },
      ],
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  return { sluice, mx };
}

suite('filter-dkimsign', { skip: without('filter-dkimsign') }, () => {
  test('signs what goes out, and the signature holds', async (t) => {
    const ground = Ground.of(t);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = join(ground.directory, 'key.pem');
    writeFileSync(key, String(rsa.privateKey.export({ format: 'pem', type: 'pkcs8' })), { mode: 0o600 });
    const args = ['-d', 'example.com', '-s', 's', '-k', key, '-c', 'relaxed/simple'];
    const { sluice, mx } = await filtered(ground, 'filter-dkimsign', args);
    for (let i = 0; i < 2; i++) assert.match((await send(sluice.port, mail)).at(-1) ?? '', /^250 /);
    await until('both have arrived', () => mx.messages.length === 2);
    const published = { 's._domainkey.example.com': recordOf(rsa.publicKey) };
    for (const content of arrived(mx)) {
      assert.match(content.toString('latin1'), /\r\nDKIM-Signature: /iu);
      assert.ok(content.toString('latin1').endsWith(body));
      assert.deepEqual(resultsOf(content, published, Math.floor(Date.now() / 1000)), ['pass']);
    }
  });
});

suite('filter-rspamd', { skip: without('filter-rspamd') }, () => {
  /** What rspamd would say of each message, and how it was asked. */
  async function rspamd(ground: Ground, action: string) {
    const asked: { readonly headers: NodeJS.Dict<string | string[]>; readonly body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('latin1');
      request.on('data', (piece: string) => (body += piece));
      request.on('end', () => {
        asked.push({ headers: request.headers, body });
        response.end(
          JSON.stringify({ score: 7.5, required_score: 15, action, symbols: {}, subject: 'x', urls: [] }),
        );
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ground.atEnd(() => void server.close());
    return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  test('tells rspamd of the client and the envelope, and adds its fields', async (t) => {
    const ground = Ground.of(t);
    const { asked, url } = await rspamd(ground, 'add header');
    const { sluice, mx } = await filtered(ground, 'filter-rspamd', ['-url', url]);
    assert.match((await send(sluice.port, mail)).at(-1) ?? '', /^250 /);
    await until('it has arrived', () => mx.messages.length === 1);
    assert.match(mx.messages[0]?.content.toString('latin1') ?? '', /\r\nX-Spam: yes\r\n/i);
    assert.ok(arrived(mx)[0]?.toString('latin1').endsWith(body));
    const { from, ip, rcpt } = asked[0]?.headers ?? {};
    assert.deepEqual([from, ip, rcpt], ['joe@example.com', '127.0.0.1', 'a@far.test']);
    assert.match(asked[0]?.body ?? '', /^Message-ID: <one@example\.com>\r?\n/);
  });

  for (const [action, reply] of [
    ['reject', /^550 /],
    ['soft reject', /^451 /],
    ['no action', /^250 /],
  ] as const) {
    test(`does what rspamd wants: ${action}`, async (t) => {
      const ground = Ground.of(t);
      const { url } = await rspamd(ground, action);
      const { sluice } = await filtered(ground, 'filter-rspamd', ['-url', url]);
      assert.match((await send(sluice.port, mail)).at(-1) ?? '', reply);
      assert.doesNotMatch(await sluice.cli('status'), /fails at/);
    });
  }
});

suite('filter-senderscore', { skip: without('filter-senderscore') }, () => {
  test('lets mail through of whom nobody has a score', async (t) => {
    const ground = Ground.of(t);
    const { sluice, mx } = await filtered(ground, 'filter-senderscore', [
      '-blockBelow',
      '10',
      '-scoreHeader',
    ]);
    assert.match((await send(sluice.port, mail)).at(-1) ?? '', /^250 /);
    await until('it has arrived', () => mx.messages.length === 1);
    assert.ok(arrived(mx)[0]?.toString('latin1').endsWith(body));
  });
});
