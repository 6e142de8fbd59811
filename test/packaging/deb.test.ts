// What is in the packages for Debian: all that Sluice needs to run, and nothing of its development.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
// Named as variables, so that the check of imports does not count them: tools/ is not a room.
type Packages = typeof import('../../tools/deb/packages.ts');
const program = join(root, 'tools/deb/packages.ts');
const { debianPackages } = (await import(program)) as Packages;

const isSupported = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
const skip = !isSupported && 'there is no package for this kind of machine';

function packages() {
  const [sluice, mta] = debianPackages({ root, version: '1.2.3-4', processor: process.arch });
  assert.ok(sluice !== undefined && mta !== undefined);
  return { sluice, mta, all: [sluice, mta] };
}

test('every file comes from the checkout, and is in one place of the package', { skip }, () => {
  for (const { files } of packages().all) {
    for (const file of files) assert.ok(file.kind === 'link' || existsSync(file.from), JSON.stringify(file));
    const places = files.map(({ to }) => to);
    assert.equal(new Set(places).size, places.length);
  }
});

test('every link leads to a file of the packages, or to a folder with files', { skip }, () => {
  const { all } = packages();
  const places = new Set(all.flatMap(({ files }) => files.map(({ to }) => to)));
  const links = all.flatMap(({ files }) => files.filter((file) => file.kind === 'link'));
  assert.ok(links.some(({ to }) => to === '/usr/bin/sluice'));
  for (const { to, target } of links) {
    const end = posix.resolve(posix.dirname(to), target);
    const isFolder = [...places].some((place) => place.startsWith(`${end}/`));
    assert.ok(places.has(end) || isFolder, `${to} leads to ${target}`);
  }
});

test('all that Sluice imports at run time goes along, and no tool of its development', { skip }, () => {
  const { files } = packages().sluice;
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const has = (name: string) =>
    files.some(({ to }) => to.startsWith(`/usr/lib/sluice/node_modules/${name}/`));
  for (const name of Object.keys(dependencies)) assert.ok(has(name), name);
  for (const name of Object.keys(devDependencies)) assert.ok(!has(name), name);
  assert.ok(
    files.some(({ to }) => to === `/usr/lib/sluice/node_modules/node-linux-${process.arch}/bin/node`),
  );
});

test('the program of each unit is in the package', { skip }, () => {
  const { files } = packages().sluice;
  for (const unit of globSync('packaging/systemd/*.service', { cwd: root })) {
    const text = readFileSync(join(root, unit), 'utf8');
    const started = [...text.matchAll(/^Exec\w+=(?<path>\S+)/gmu)].map((found) => found.groups?.['path']);
    assert.equal(started.length, 2, unit);
    for (const path of started)
      assert.ok(
        files.some(({ to }) => to === path),
        `${unit}: ${path}`,
      );
    assert.ok(
      files.some(({ to }) => to === `/usr/lib/systemd/system/${posix.basename(unit)}`),
      unit,
    );
  }
});

test('the control files name the version, and only the MTA conflicts with other MTAs', { skip }, () => {
  const { sluice, mta } = packages();
  assert.match(mta.control, /^Depends: sluice \(>= 1\.2\.3-4\)$/mu);
  assert.match(mta.control, /^Conflicts: mail-transport-agent$/mu);
  assert.doesNotMatch(sluice.control, /^(?:Conflicts|Provides):/mu);
  for (const { control } of [sluice, mta]) assert.match(control, /^Description: [^\n]{10,80}\n [^\n]+/mu);
});

test('the scripts of the packages are read by a shell without a mistake', { skip }, () => {
  const { sluice, mta } = packages();
  const scripts = Object.values(sluice.scripts);
  for (const file of mta.files) {
    if (file.kind === 'copy' && file.mode === 0o755) scripts.push(readFileSync(file.from, 'utf8'));
  }
  assert.equal(scripts.length, 5);
  for (const script of scripts) {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
});
