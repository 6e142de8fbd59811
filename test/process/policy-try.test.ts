// `sluice policy try` with Sluice as a program: the live stages are asked, and nothing comes of it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import type { TrialReport } from '../../src/receive/trial/trial-types.ts';

test('the stages of the running Sluice are tried on a message, which is not accepted', async (t) => {
  const ground = Ground.of(t);
  const directory = ground.folder('sluice');
  const file = join(directory, 'message.eml');
  writeFileSync(file, `From: joe@shop.example\nSubject: x\n\n${'line\n'.repeat(60_000)}`);
  const config = {
    receive: { relay_networks: ['10.0.0.0/8'], relay_domains: ['example.org'] },
    tenant: [{ name: 'shop', sender: ['shop.example'] }],
    tap: [{ name: 'archive', match: 'joe@', copy_to: 'archive@example.net' }],
    sending_limit: [{ by: 'client', messages: ['1/d'] }],
    processes: { receivers: 2 },
  };
  const sluice = await startSluice(ground, { config, directory });
  const tried = (...args: string[]) =>
    sluice.cli('policy', 'try', file, '--from', 'joe@shop.example', ...args);
  const toUs = ['--to', 'a@example.org', '--client', '192.0.2.1/mail.shop.example'];

  const [text, json] = await Promise.all([tried(...toUs), tried(...toUs, '--json')]);
  assert.match(text, /^Asked the running Sluice\. Listener: 127\.0\.0\.1:\d+\.\n/);
  assert.match(text, /\nEHLO mail\.shop\.example\n/);
  assert.match(text, /\n {2}data +taps +[\d.]+ ms {2}continue\n +add recipient: <archive@example\.net>/);
  assert.match(text, /\nOutcome {6}accepted\nTenant {7}shop\n/);
  assert.match(text, /\n<archive@example\.net> {2}a copy for an archive\n/);
  assert.match(text, /\nReceived: from mail\.shop\.example \(\[192\.0\.2\.1\]\)\n/);
  const report = JSON.parse(json) as TrialReport;
  assert.ok(report.outcome.kind === 'accepted');
  assert.ok(report.outcome.sizeBytes > 360_000);

  const met = await sluice.cli('explain', '--client', '192.0.2.1', '--from', 'joe@shop.example');
  assert.match(met, /^Client {7}192\.0\.2\.1, which may not relay$/m);
  assert.match(met, /^Tenant {7}shop$/m);
  assert.match(
    met,
    /^POINT +STAGE +TIME +ON FAILURE +CONFIGURED\nmail +tenant +30s +tempfail +\[\[tenant\]\] shop\nrcpt +relay /m,
  );
  assert.match(met, /^data +taps .*\[\[tap\]\] archive: match="joe@" /m);

  // Twice within a limit of one a day.
  const out = ['--to', 'b@far.example', '--client', '10.0.0.1'];
  await tried(...out);
  await tried(...out);
  await Promise.all([
    assert.rejects(tried('--to', 'b@far.example', '--client', '192.0.2.1'), /Relaying denied/),
    assert.rejects(tried(...toUs, '--listen', 'no'), /TRIAL_LISTENER: .*\n.*127\.0\.0\.1/),
    assert.rejects(
      tried('--to', 'a@example.org\n', '--client', '192.0.2.1'),
      /'--to <address>' argument 'a@example\.org\n' is invalid/,
    ),
    ...[{ to: ['a@example.org\n'] }, { client: '300.1.1.1' }, { helo: '' }].map((wrong) =>
      assert.rejects(
        sluice.ask({
          operation: 'policy.try',
          mail: { from: '', to: ['a@example.org'], client: '192.0.2.1', helo: 'x', tls: false, ...wrong },
          content: '',
        }),
        /control character|is no IP address|is empty/,
      ),
    ),
  ]);
  assert.equal(await sluice.cli('queue', 'list'), 'Nothing waits.\n');
  const events = (await sluice.whole()).filter(({ event }) => event !== undefined && event !== 'tapsChanged');
  assert.deepEqual(events, []);
});
