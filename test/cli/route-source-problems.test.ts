// What `sluice check` says of programs and databases in the place of tables of routes that cannot be asked.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { routeSourceProblems } from '../../src/cli/route-source-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const problemsOf = (text: string, folder: string) =>
  routeSourceProblems(parseConfig(text, join(folder, 'sluice.toml')));

test('a program that is not there, or that nobody may run, is told; one that can be run is not run', async (t) => {
  const { path: folder } = temporaryFolder(t, 'programs');
  const [can, cannot, gone] = ['can', 'cannot', 'gone'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(can, `#!/bin/sh\ntouch ${join(folder, 'ran')}\n`, { mode: 0o755 });
  writeFileSync(cannot, '', { mode: 0o644 });
  const text = [can, cannot, gone].map((each) => `[[route_table]]\nprogram = ["${each}"]\n`).join('');
  const found = await problemsOf(text, folder);
  const waits = 'While that is so, the mail that it is asked about waits';
  assert.deepEqual(found, [
    {
      path: ['route_table', 1, 'program'],
      message: `${cannot} may not be run by anybody (chmod it). ${waits}`,
    },
    { path: ['route_table', 2, 'program'], message: `${gone} does not exist. ${waits}` },
  ]);
});

test('a database that cannot be reached is told', async (t) => {
  const { path: folder } = temporaryFolder(t, 'databases');
  const server = createServer((socket) => socket.destroy());
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const found = await problemsOf(
    `[[route_table]]\nname = "ways"\npostgresql = "postgresql://x@127.0.0.1:${address.port}/x"\nquery = "SELECT way FROM ways WHERE address = $1"\n`,
    folder,
  );
  assert.equal(found.length, 1);
  assert.match(found[0]?.message ?? '', /^the table "ways" cannot answer: PostgreSQL: /u);
  assert.deepEqual(found[0]?.path, ['route_table', 0, 'postgresql']);
});
