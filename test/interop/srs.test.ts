// Mail that Sluice passes on, as a server sees it that checks SPF by another implementation (Debian's python3-spf): the rewritten sender
// passes, where the sender itself would fail.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

/** Debian's Python: another one that comes first in the path has not its packages. */
const python = '/usr/bin/python3';
const isThere = spawnSync(python, ['-c', 'import spf'], { stdio: 'ignore' }).status === 0;
const skip = isThere ? false : 'pyspf is not installed (Debian: python3-spf)';

const program = `
import json, sys, spf
asked = json.load(sys.stdin)
def lookup(name, qtype, strict=True, timeout=30):
    text = asked['records'].get(name.lower())
    if text is not None and qtype == 'TXT':
        yield ((name, 'TXT'), (text.encode(),))
spf.DNSLookup = lookup
print(json.dumps([spf.check2(i='127.0.0.1', s=sender, h='sluice.test')[0] for sender in asked['senders']]))
`;

test(
  'the rewritten sender passes SPF at the next server, and the sender itself would fail',
  { skip },
  async (t) => {
    const ground = Ground.of(t);
    const next = await destination(ground);
    const secretFile = join(ground.folder('secrets'), 'srs.secret');
    writeFileSync(secretFile, 'a secret of the first days\n', { mode: 0o600 });
    const sluice = await startSluice(ground, {
      config: {
        receive: { relay_networks: [], relay_domains: ['passed.test'] },
        srs: { domain: 'srs.test', secret_file: secretFile },
        route: [{ relay: [`127.0.0.1:${next.port}`], srs: true }],
        processes: { single_process: true },
      },
    });
    const from = 'joe@origin.test';
    await send(sluice.port, { from, to: ['b@passed.test'], content: `From: ${from}\r\n\r\nHello\r\n` });
    await next.tally.arrived(1);
    const records = { 'srs.test': 'v=spf1 ip4:127.0.0.1 -all', 'origin.test': 'v=spf1 ip4:192.0.2.7 -all' };
    const input = JSON.stringify({ records, senders: [next.messages[0]!.sender, from] });
    assert.deepEqual(JSON.parse(execFileSync(python, ['-c', program], { input, encoding: 'utf8' })), [
      'pass',
      'fail',
    ]);
  },
);
