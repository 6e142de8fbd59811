// Reports to other domains on their way into the queue: signed or not at all, after mail and not before it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import type { Submitted } from '../../src/channel/messages.ts';
import { Events } from '../../src/log/events.ts';
import { ReportPost } from '../../src/manager/reports/report-post.ts';
import { makeReport, type ReportKind } from '../../src/reports/report.ts';
import type { ReportSettings } from '../../src/reports/report-settings.ts';
import { signingRules } from '../../src/settings/signing.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { SigningAnswer } from '../../src/signing/types.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { NewMessage, SpoolWriter } from '../../src/spool/types.ts';
import { Troubles } from '../../src/stats/troubles.ts';

const reporter = {
  hostname: 'mx.sluice.test',
  organization: 'Example Ltd',
  contact: 'postmaster@sluice.test',
  extraContact: '',
  from: 'reports@sluice.test',
};
const settings: ReportSettings = {
  kinds: ['tls'],
  reporter,
  minMessages: 1,
  excluded: { has: () => false },
  reserveBytes: 1_000_000,
  maxPerHour: 1_000,
  maxPerDestination: 200,
  mayBePrivate: false,
  authorities: '',
  ipv4: true,
  ipv6: true,
};
const signed: SigningAnswer = {
  kind: 'signed',
  fields: 'DKIM-Signature: x\r\n',
  by: ['r1._domainkey.sluice.test'],
};
const uri = { kind: 'mailto', address: 'tls@far.test', host: 'far.test' } as const;

function bench({ hasKey = true } = {}) {
  const stored: NewMessage[] = [];
  const submitted: Submitted[] = [];
  const troubles = new Troubles();
  const state: { answer: SigningAnswer; freeBytes: number; failure: SpoolError | undefined } = {
    answer: signed,
    freeBytes: Infinity,
    failure: undefined,
  };
  const writer: SpoolWriter = {
    newQueueId: () => 'Q1',
    append: (message) => {
      if (state.failure !== undefined) return Promise.reject(state.failure);
      stored.push(message);
      return Promise.resolve({ ref: { store: 0, place: [1, 1, 1] }, sizeBytes: 1 });
    },
    openLarge: () => Promise.reject(new Error('reports are appended')),
    hasRoom: (bytes) => bytes <= state.freeBytes,
    failure: undefined,
    close: () => Promise.resolve(),
  };
  const key = '[[signing_key]]\ndomain = ["sluice.test"]\nfile = "/k/r1.pem"\n';
  const rules = signingRules(parseConfig(hasKey ? key : '', 'sluice.toml'));
  const post = new ReportPost({
    settings: () => settings,
    stores: { of: () => ({ writer, queue: undefined }) },
    signing: { rules, signer: { sign: () => Promise.resolve(state.answer) } },
    submit: (message) => submitted.push(message),
    happenings: new Events([]),
    troubles,
    lookups: () => ({ addresses: () => Promise.reject(new Error('mail needs no look-up')) }),
    secureContext: () => Promise.reject(new Error('mail needs no context')),
    timers: new VirtualTimers(),
    dateMs: () => Date.UTC(2026, 10, 29, 3),
  });
  const send = (kind: ReportKind = 'tls') => {
    const content = gzipSync('what it says');
    const report = makeReport({ kind, day: '2026-11-28', domain: 'far.test' }, content, reporter);
    return post.handOver(report, uri, AbortSignal.timeout(60_000));
  };
  return { send, stored, submitted, troubles, state };
}

test('a report about TLS is a signed message that goes whatever the TLS of the domain is like', async () => {
  const { send, stored, submitted } = bench();
  assert.deepEqual(await send(), { kind: 'sent', detail: 'Q1' });
  const [message] = stored;
  assert.ok(message);
  const { envelope, content, prefix } = message;
  assert.equal(String(Buffer.from(prefix ?? [])), 'DKIM-Signature: x\r\n');
  assert.equal(envelope.reversePath, 'reports@sluice.test');
  assert.equal(envelope.tlsDemand, 'tls-required-no');
  assert.deepEqual(envelope.recipients, [
    { address: 'tls@far.test', notify: { never: true, success: false, failure: false, delay: false } },
  ]);
  assert.equal(submitted[0]?.tlsDemand, 'tls-required-no');
  const text = Buffer.concat(content).toString('latin1');
  assert.match(text, /\r\nContent-Type: multipart\/report; report-type="tlsrpt";\r\n boundary=/);
  assert.match(
    text,
    /\r\nContent-Type: application\/tlsrpt\+gzip\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n filename="sluice\.test!far\.test!1795824000!1795910399![0-9a-f]{8}\.json\.gz"\r\n/,
  );
  const [, attached = ''] = /\.json\.gz"\r\n\r\n([\s\S]*?)\r\n--/.exec(text) ?? [];
  assert.equal(gunzipSync(Buffer.from(attached, 'base64')).toString(), 'what it says');
  assert.ok(text.split('\r\n').every((line) => line.length <= 998 && !/[\r\n]/.test(line)));
});

test('a report about DMARC is a message as others, with a file that is known by its type', async () => {
  const { send, stored } = bench();
  await send('dmarc');
  const text = Buffer.concat(stored[0]?.content ?? []).toString('latin1');
  assert.equal(stored[0]?.envelope.tlsDemand, undefined);
  assert.doesNotMatch(text, /TLS-/);
  assert.match(text, /\r\nContent-Type: application\/gzip\r\n/);
  assert.match(text, /\r\n filename="sluice\.test!far\.test!1795824000!1795910399![0-9a-f]{8}\.xml\.gz"\r\n/);
});

test('without a key for its author no report is sent by mail, and somebody is told until there is one', async () => {
  const { send, stored, troubles } = bench({ hasKey: false });
  assert.equal((await send()).kind, 'failed');
  assert.equal(stored.length, 0);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['reports'],
  );
  const other = bench();
  other.state.answer = { kind: 'failing', reason: 'the key cannot be read' };
  assert.equal((await other.send()).kind, 'later');
  assert.match(other.troubles.list[0]?.text ?? '', /cannot be read/);
  other.state.answer = { kind: 'unsigned', reason: 'the key cannot be read' };
  assert.equal((await other.send()).kind, 'later');
  assert.equal(other.stored.length, 0);
  other.state.answer = signed;
  assert.equal((await other.send()).kind, 'sent');
  assert.deepEqual(other.troubles.list, []);
});

test('a disk without room for mail gets no reports, and one that fails gets them later', async () => {
  const { send, stored, troubles, state } = bench();
  state.freeBytes = settings.reserveBytes;
  assert.equal((await send()).kind, 'later');
  assert.deepEqual(troubles.list, []);
  state.freeBytes = Infinity;
  state.failure = new SpoolError('SPOOL_WRITE_FAILED', 'the disk is broken');
  assert.equal((await send()).kind, 'later');
  assert.equal(stored.length, 0);
  state.failure = undefined;
  assert.equal((await send()).kind, 'sent');
});
