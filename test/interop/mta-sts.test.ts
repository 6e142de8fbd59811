// MTA-STS (RFC 8461) from end to end: the records are on nsd, the policies on an HTTPS server with an authority of its own, and the mail
// goes to Postfix, or nowhere.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { z } from 'zod';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type Nsd, startNsd, withoutNsd } from '../../sim/neighbours/nsd.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { StateFile } from '../../src/manager/state-file.ts';
import type { TlsReport } from '../../src/tlsrpt/report-json.ts';
import { makeAuthority } from '../support/certificates.ts';
import { destination, send } from './mail.ts';

/** Policies by domain; undefined: the server never answers. */
const policies: Record<string, readonly [status: number, text: string] | undefined> = {
  'changes.test': [200, policy('enforce', 'mx.other.test')],
  'good.test': [200, policy('enforce', 'mx.good.test')],
  'below.test': [200, policy('enforce', '*.below.test')],
  'wrong.test': [200, policy('enforce', 'mx.wrong.test')],
  'elsewhere.test': [200, policy('enforce', 'mx.other.test')],
  'trial.test': [200, policy('testing', 'mx.other.test')],
  'missing.test': [404, policy('enforce', 'mx.other.test')],
  'moved.test': [301, ''],
  'empty.test': [200, policy('enforce')],
  'untrusted.test': [200, policy('enforce', 'mx.other.test')],
  'hangs.test': undefined,
};
const domains = Object.keys(policies);

function policy(mode: string, ...mx: readonly string[]): string {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((each) => `mx: ${each}`), 'max_age: 86400', ''];
  return lines.join('\n');
}

/** The zone of each domain. */
function records(id: string): string {
  return `@ MX 10 mx\nmx A 127.0.0.1\nmta-sts A 127.3.0.1\n_mta-sts 1 TXT "v=STSv1; id=${id}"\n`;
}

/** Policies are fetched from the port of HTTPS alone. */
async function httpsServer(leaf: {
  readonly chain: string;
  readonly key: string;
}): Promise<Server | undefined> {
  const server = createServer({ cert: leaf.chain, key: leaf.key }, (request, response) => {
    const domain = request.headers.host?.replace('mta-sts.', '') ?? '';
    const answer = policies[domain];
    if (answer === undefined) return;
    const [status, text] = answer;
    response.writeHead(status, { 'content-type': 'text/plain', location: '/elsewhere' }).end(text);
  });
  server.listen(443, '127.3.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}

const authority = makeAuthority();
const trusted = domains.filter((each) => each !== 'untrusted.test').map((each) => `mta-sts.${each}`);
const https = await httpsServer(authority.issue({ names: trusted }));
const missing =
  https === undefined ? 'port 443 of 127.3.0.1 cannot be had' : withoutNsd() || withoutPostfix();

suite('MTA-STS', { skip: missing }, () => {
  let ground: Ground;
  let nsd: Nsd;
  let sluice: Sluice;
  let config: SluiceConfig;

  before(async () => {
    ground = new Ground();
    const zones = domains.map((domain) => [domain, records('1')]);
    nsd = await startNsd(ground, Object.fromEntries(zones) as Record<string, string>);
    const mx = await destination(ground);
    const folder = ground.folder('certificates');
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const leaf = authority.issue({ names: ['mx.good.test', '*.below.test'] });
    const postfix = await startPostfix(ground, 'postfix', {
      main: {
        relayhost: `[127.0.0.1]:${mx.port}`,
        smtpd_tls_chain_files: file('postfix.pem', leaf.key + leaf.chain),
        smtpd_tls_security_level: 'may',
      },
    });
    const ca = file('ca.pem', authority.certificate);
    config = {
      dns: { servers: [`127.0.0.1:${nsd.port}`] },
      deliver: { port: postfix.port, mta_sts_ca: ca, address_rest: ['1s'] },
      tls: [{ ca }],
      queue: { retry: ['1h'] },
    };
    sluice = await startSluice(ground, { config });
  });
  after(async () => {
    await ground.end();
    https?.closeAllConnections();
    https?.close();
  });

  const outcomeOf = async (domain: string) => {
    const to = `b@${domain}`;
    // Its sessions with other servers are over and in the log: lines for this recipient that come now are about this message.
    const outcomes = () =>
      sluice
        .events()
        .filter((one) => one['to'] === to && ['delivered', 'deferred', 'bounced'].includes(one.event ?? ''));
    const earlier = outcomes().length;
    await send(sluice.port, { from: 'a@client.test', to: [to], content: 'Subject: x\r\n\r\nHello\r\n' });
    return until(`an outcome for ${to}`, () => outcomes()[earlier]);
  };

  test('a policy host that hangs delays no other domain', async () => {
    await send(sluice.port, {
      from: 'a@client.test',
      to: ['b@hangs.test'],
      content: 'Subject: x\r\n\r\nHello\r\n',
    });
    assert.equal((await outcomeOf('good.test')).event, 'delivered');
    // Its own outcome would have been an earlier line of the same process.
    assert.ok(!sluice.events().some((one) => one['to'] === 'b@hangs.test' && one.event !== 'received'));
  });

  for (const domain of ['good.test', 'below.test']) {
    test(`${domain}: a host of the policy gets the mail, verified by its name`, async () => {
      const outcome = await outcomeOf(domain);
      assert.equal(outcome.event, 'delivered', JSON.stringify(outcome));
      assert.equal(outcome['tlsVerification'], 'name');
    });
  }

  test('a host with a certificate for another name gets nothing under enforce', async () => {
    const outcome = await outcomeOf('wrong.test');
    assert.equal(outcome.event, 'deferred', JSON.stringify(outcome));
    assert.match(String(outcome['reply']), /TLS: /u);
  });

  test('a host that is not in the policy gets nothing under enforce', async () => {
    const outcome = await outcomeOf('elsewhere.test');
    assert.equal(outcome.event, 'deferred', JSON.stringify(outcome));
    assert.match(String(outcome['reply']), /not in the MTA-STS policy/u);
  });

  for (const [domain, why] of [
    ['trial.test', 'a policy in mode testing keeps no mail back'],
    ['missing.test', 'a policy that is not found is none'],
    ['moved.test', 'a redirect is not followed'],
    ['empty.test', 'enforce without mx is no policy'],
    ['untrusted.test', 'a policy host with a certificate for other names has none'],
  ] as const) {
    test(why, async () => {
      const outcome = await outcomeOf(domain);
      assert.equal(outcome.event, 'delivered', JSON.stringify(outcome));
    });
  }

  test('sluice tls sts shows policies, failures, and which hosts fit', async () => {
    const good = await sluice.cli('tls', 'sts', 'good.test');
    assert.match(good, /^good\.test has an MTA-STS policy\n/u);
    assert.match(good, /host +mx\.good\.test: is in the policy\n/u);
    const elsewhere = await sluice.cli('tls', 'sts', 'Elsewhere.test', '--purge');
    assert.match(elsewhere, /^The known policy was replaced\. elsewhere\.test has an MTA-STS policy\n/u);
    assert.match(elsewhere, /mx\.elsewhere\.test: is NOT in the policy/u);
    const none = await sluice.cli('tls', 'sts', 'missing.test');
    assert.match(none, /has no MTA-STS policy that is in force here\n/u);
    assert.match(none, /failed +sts-policy-fetch-error, .*answered 404/u);
    const untrusted = JSON.parse(await sluice.cli('tls', 'sts', 'untrusted.test', '--json')) as {
      failure: { at: string };
    };
    assert.equal(untrusted.failure.at, 'sts-webpki-invalid');
  });

  test('sluice reports show writes what TLS came to', async () => {
    const report = async (domain: string) =>
      JSON.parse(await sluice.cli('reports', 'show', domain)) as TlsReport;
    const good = await report('good.test');
    const [policy] = good.policies;
    assert.equal(policy?.policy['policy-type'], 'sts');
    assert.ok((policy?.summary['total-successful-session-count'] ?? 0) > 0);
    assert.equal(policy?.summary['total-failure-session-count'], 0);
    const results = async (domain: string) =>
      (await report(domain)).policies.flatMap((each) =>
        (each['failure-details'] ?? []).map((failure) => failure['result-type']),
      );
    assert.deepEqual(await results('wrong.test'), ['certificate-host-mismatch']);
    assert.deepEqual(await results('elsewhere.test'), ['validation-failure']);
    assert.ok((await results('trial.test')).length > 0);
    assert.ok((await results('missing.test')).includes('sts-policy-fetch-error'));
    assert.ok((await results('untrusted.test')).includes('sts-webpki-invalid'));
    assert.ok((await results('empty.test')).includes('sts-policy-invalid'));
  });

  test('a new id in the DNS brings the new policy to mail that waits; without one, the known policy stays', async () => {
    assert.equal((await outcomeOf('changes.test')).event, 'deferred');
    policies['changes.test'] = [200, policy('testing', 'mx.other.test')];
    const known = async () =>
      JSON.parse(await sluice.cli('tls', 'sts', 'changes.test', '--json')) as {
        readonly policy: { readonly id: string; readonly mode: string };
      };
    const { policy: before } = await known();
    assert.deepEqual([before.id, before.mode], ['1', 'enforce']);
    await nsd.replace('changes.test', records('2'));
    // The record of a known policy is looked at again after 30 seconds.
    await until(
      'the mail that waited is delivered',
      async () => {
        await sluice.cli('queue', 'retry', '--all');
        return sluice.events().some(({ event, to }) => event === 'delivered' && to === 'b@changes.test');
      },
      180_000,
    );
    const { policy: after } = await known();
    assert.deepEqual([after.id, after.mode], ['2', 'testing']);
  });

  test('policies are known after a restart, when their server is gone', async () => {
    await sluice.program.stop('SIGTERM');
    https?.closeAllConnections();
    https?.close();
    await makeOld(join(sluice.directory, 'spool', 'mta-sts.json'), 'below.test');
    sluice = await startSluice(ground, { config, directory: sluice.directory, port: sluice.port });
    assert.equal((await outcomeOf('wrong.test')).event, 'deferred');
    const good = await outcomeOf('good.test');
    assert.equal(good['tlsVerification'], 'name');
    assert.match(await sluice.cli('tls', 'sts', 'good.test'), /^good\.test has an MTA-STS policy\n/u);
    const below = await sluice.cli('tls', 'sts', 'below.test');
    assert.match(below, /^below\.test has no MTA-STS policy that is in force here\n/u);
    assert.match(below, /failed +sts-policy-fetch-error, /u);
  });
});

/** Lets the policy of a domain have been fetched so long ago that its lifetime is over. */
async function makeOld(path: string, domain: string): Promise<void> {
  const file = new StateFile(path);
  const { checksum: _, ...state } = stsState.parse(await file.read());
  const policies = state.policies.map((each) =>
    each.domain === domain ? { ...each, fetchedAtMs: Date.now() - 86_401_000 } : each,
  );
  await file.write({ ...state, policies }, true);
}

const stsState = z.looseObject({
  policies: z.array(z.looseObject({ domain: z.string(), fetchedAtMs: z.number() })),
});
