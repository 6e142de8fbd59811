// What the manager counts for TLS reports, and what it keeps of it and of MTA-STS policies over a restart.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { nodeTimers } from '../../src/io/timers.ts';
import { readState } from '../../src/manager/state-file.ts';
import { StsState } from '../../src/manager/sts-state.ts';
import { TlsSessions } from '../../src/manager/tls-sessions.ts';
import { withDemand } from '../../src/route/security/demand.ts';
import { smtpHop } from '../../src/route/next-hop.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import type { TlsOutcome } from '../../src/values/tls-outcome.ts';
import type { HopTlsPolicy } from '../../src/values/tls-policy.ts';
import { policy } from '../deliver/tls/policies.ts';
import { keptLog } from '../process/quiet-log.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const us = { organization: 'sluice.test', contact: 'postmaster@sluice.test', id: 'id@sluice.test' };
const today = () => new Date().toISOString().slice(0, 10);
const question = { domain: 'far.test', day: today() };
const secured: TlsOutcome = {
  kind: 'secured',
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  verification: 'unverified',
  resumed: false,
  problem: { result: 'certificate-host-mismatch', reason: 'it is for other.test' },
};
const clear: TlsOutcome = { kind: 'clear', result: 'starttls-not-supported', reason: 'not offered' };
const stored = {
  domain: 'far.test',
  id: '1',
  policy: { mode: 'testing' as const, mx: ['mx.far.test'], maxAgeSeconds: 86_400 },
  fetchedAtMs: Date.now(),
  usedAtMs: Date.now(),
};

function ground(t: TestContext) {
  const { path: folder, atEnd } = temporaryFolder(t, 'tls-sessions');
  const log = keptLog();
  const troubles = new Troubles();
  const common = { files: nodeFiles, timers: nodeTimers, log, dateMs: Date.now };
  const openSts = async () => {
    const state = await StsState.open({
      ...common,
      path: join(folder, 'mta-sts.json'),
      troubles,
      random: Math.random,
      failed: () => undefined,
    });
    atEnd(() => state.close());
    return state;
  };
  const openSessionsAt = async (dateMs: () => number) => {
    const sessions = await TlsSessions.open({ ...common, dateMs, path: join(folder, 'tls-reports.json') });
    atEnd(() => sessions.close());
    return sessions;
  };
  const openSessions = () => openSessionsAt(Date.now);
  return { folder, log, troubles, openSts, openSessions, openSessionsAt };
}

function begin(
  sessions: TlsSessions,
  connection: number,
  site = 'mx:mx.far.test',
  host = 'mx.far.test',
  tls?: HopTlsPolicy,
  key = 'mx:far.test',
): void {
  sessions.begins({
    kind: 'connect',
    connection: connection as never,
    site,
    hop: { ...smtpHop(host, '192.0.2.1', 25, 10), tls },
    domain: 'far.test',
    key,
    transaction: { message: 0 as never, recipients: [0], isLast: false },
  });
}

test('without a policy each session under TLS is a success, and one in clear a failure; each counts once', async (t) => {
  const sessions = await ground(t).openSessions();
  begin(sessions, 1);
  sessions.ready(1, secured);
  sessions.closed(1, { kind: 'closed' });
  begin(sessions, 2);
  sessions.ready(2, clear);
  begin(sessions, 3);
  sessions.ready(3, undefined);
  const report = sessions.report(question, us);
  assert.deepEqual(report?.policies, [
    {
      policy: { 'policy-type': 'no-policy-found', 'policy-domain': 'far.test' },
      summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 1 },
      'failure-details': [
        {
          'result-type': 'starttls-not-supported',
          'receiving-mx-hostname': 'mx.far.test',
          'receiving-ip': '192.0.2.1',
          'failed-session-count': 1,
          'failure-reason-code': 'not offered',
        },
      ],
    },
  ]);
});

test('under a policy in mode testing, wrong certificates and hosts outside of it are failures', async (t) => {
  const { openSts, openSessions } = ground(t);
  const [sts, sessions] = [await openSts(), await openSessions()];
  sts.keeper.restore([stored]);
  sessions.use(sts.keeper);
  begin(sessions, 1);
  sessions.ready(1, secured);
  begin(sessions, 2, 'mx:mx.far.test', 'other.test');
  sessions.ready(2, { ...secured, verification: 'name', problem: undefined });
  begin(sessions, 3);
  sessions.ready(3, { ...secured, verification: 'name', problem: undefined });
  begin(sessions, 4);
  sessions.closed(4, { kind: 'failed', refusal: {} as never, tls: { ...clear, kind: 'failed' } });
  const [policy] = sessions.report(question, us)?.policies ?? [];
  assert.equal(policy?.policy['policy-type'], 'sts');
  assert.deepEqual(policy?.policy['policy-string'], [
    'version: STSv1',
    'mode: testing',
    'mx: mx.far.test',
    'max_age: 86400',
  ]);
  assert.deepEqual(policy?.summary, {
    'total-successful-session-count': 1,
    'total-failure-session-count': 3,
  });
  assert.deepEqual(
    policy?.['failure-details']?.map((each) => each['result-type']),
    ['certificate-host-mismatch', 'validation-failure', 'starttls-not-supported'],
  );
});

test('a session of a message that demands more than the domain, or waives its policy, is not counted', async (t) => {
  const { openSts, openSessions } = ground(t);
  const [sts, sessions] = [await openSts(), await openSessions()];
  sts.keeper.restore([{ ...stored, policy: { ...stored.policy, mode: 'enforce' } }]);
  sessions.use(sts.keeper);
  const { kind: _, ...lacking } = clear;
  const requireTls = policy('verified', { from: 'requiretls', needsRequireTls: true });
  begin(sessions, 1, 'mx:mx.far.test', 'mx.far.test', requireTls);
  sessions.closed(1, { kind: 'failed', refusal: {} as never, tls: { ...lacking, kind: 'failed' } });
  begin(sessions, 2);
  sessions.ready(2, secured);
  assert.equal(sessions.report(question, us), null);
  begin(sessions, 3, 'mx:mx.far.test', 'mx.far.test', policy('verified', { from: 'mta-sts' }));
  sessions.ready(3, { ...secured, verification: 'name', problem: undefined });
  assert.equal(sessions.report(question, us)?.policies[0]?.summary['total-successful-session-count'], 1);
});

test('a host that a policy in mode enforce does not name is a failure, once in five minutes', async (t) => {
  const { openSts, openSessionsAt } = ground(t);
  const clock = { nowMs: Date.now() };
  const [sts, sessions] = [await openSts(), await openSessionsAt(() => clock.nowMs)];
  sts.keeper.restore([{ ...stored, policy: { ...stored.policy, mode: 'enforce' } }]);
  sessions.use(sts.keeper);
  const counted = () =>
    sessions
      .report(question, us)
      ?.policies[0]?.['failure-details']?.map((each) => [
        each['result-type'],
        each['receiving-mx-hostname'],
        each['failed-session-count'],
      ]);
  sessions.hostLeftOut('far.test', 'other.test');
  sessions.hostLeftOut('far.test', 'other.test');
  sessions.hostLeftOut('far.test', 'third.test');
  sessions.hostLeftOut('unknown.test', 'other.test');
  assert.deepEqual(counted(), [
    ['validation-failure', 'other.test', 1],
    ['validation-failure', 'third.test', 1],
  ]);
  assert.equal(sessions.report({ ...question, domain: 'unknown.test' }, us), null);
  clock.nowMs += 300_000;
  sessions.hostLeftOut('far.test', 'other.test');
  assert.equal(counted()?.[0]?.[2], 2);
});

test('smarthosts, and connections that never came to TLS, are not counted', async (t) => {
  const sessions = await ground(t).openSessions();
  begin(sessions, 1, 'relay:partner');
  sessions.ready(1, secured);
  begin(sessions, 2);
  sessions.closed(2, { kind: 'failed', refusal: {} as never });
  sessions.ready(2, secured);
  assert.equal(sessions.report(question, us), null);
});

test('counts and failures of policies are there after a restart', async (t) => {
  const { openSessions } = ground(t);
  const before = await openSessions();
  before.policyFailed('far.test', { result: 'sts-policy-fetch-error', reason: 'it answered 404' });
  await before.close();
  const after = await openSessions();
  const [policy] = after.report(question, us)?.policies ?? [];
  assert.equal(policy?.['failure-details']?.[0]?.['result-type'], 'sts-policy-fetch-error');
});

test('damaged counts stop no start', async (t) => {
  const { folder, log, openSessions } = ground(t);
  writeFileSync(join(folder, 'tls-reports.json'), '{"version":2,"days":[{}]}');
  assert.equal((await openSessions()).report(question, us), null);
  assert.match(log.lines.join('\n'), /counts of TLS sessions begin anew/u);
});

test('policies are stored soon, and known after a restart', async (t) => {
  const { folder, openSts } = ground(t);
  const before = await openSts();
  before.keeper.restore([stored]);
  // A purge of something else stores nothing, one of this domain does.
  await before.keeper.renew('other.test');
  assert.equal(await readState(join(folder, 'mta-sts.json')), undefined);
  before.keeper.restore([{ ...stored, domain: 'near.test' }]);
  await before.keeper.renew('far.test');
  await before.close();
  const after = await openSts();
  assert.equal(after.keeper.about('far.test').known, undefined);
  assert.equal(after.keeper.about('near.test').known?.id, '1');
});

test('a damaged file of policies is kept aside and said, and Sluice begins anew', async (t) => {
  const { folder, log, troubles, openSts } = ground(t);
  const before = await openSts();
  before.keeper.restore([stored, { ...stored, domain: 'near.test' }]);
  await before.keeper.renew('near.test');
  await before.close();
  const path = join(folder, 'mta-sts.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('testing', 'enforce'));
  const after = await openSts();
  assert.equal(after.keeper.about('far.test').known, undefined);
  assert.deepEqual(
    troubles.list.map(({ key, level }) => `${key} ${level}`),
    ['damage:mta-sts warning'],
  );
  assert.match(log.lines.join('\n'), /fetched again before the next mail/u);
  assert.equal(readdirSync(folder).filter((name) => name.includes('unreadable')).length, 1);
});

test('mail that waives what domains publish, such as a report about TLS, is in no report', async (t) => {
  const sessions = await ground(t).openSessions();
  const key = withDemand({ key: 'mx:far.test', domain: 'far.test' }, 'tls-required-no').key;
  begin(sessions, 1, 'mx:mx.far.test', 'mx.far.test', undefined, key);
  sessions.ready(1, clear);
  assert.equal(sessions.report(question, us), null);
  begin(sessions, 2);
  sessions.ready(2, clear);
  assert.equal(sessions.report(question, us)?.policies.length, 1);
});
