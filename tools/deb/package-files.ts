// What the package sluice has, as a list: which file of the checkout goes where, and with which mode. Reads the checkout, writes nothing.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pluginDeclarations } from './plugin-declarations.ts';

/** One file or link of a package. Paths of the target start at the root of the host. */
export type PackageFile =
  | { readonly kind: 'copy'; readonly from: string; readonly to: string; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string; readonly to: string }
  /** Compressed with gzip, as Debian wants documentation of this size. */
  | { readonly kind: 'gzip'; readonly from: string; readonly to: string };

/** Where the program is. */
export const home = '/usr/lib/sluice';

/** Types and sources of compiled code, which nothing reads at run time. */
const ofDevelopment = /\.(?:[cm]?ts|map)$/u;

const docs = '/usr/share/doc/sluice';

/** @param root - of the checkout, after `npm run build`; @param runtime - folder of the Node that goes along */
export function filesOfSluice(root: string, runtime: string): PackageFile[] {
  /** @param to - where it goes, by its path in the checkout */
  const plain = (pattern: string, to: (path: string) => string): PackageFile[] =>
    globSync(pattern, { cwd: root, withFileTypes: true })
      .filter((entry) => entry.isFile() && !ofDevelopment.test(entry.name))
      .map((entry) => {
        const from = join(entry.parentPath, entry.name);
        return { kind: 'copy', from, to: to(from.slice(root.length + 1)), mode: 0o644 };
      });
  const file = (from: string, to: string, mode = 0o644): PackageFile => ({
    kind: 'copy',
    from: join(root, from),
    to,
    mode,
  });
  const atHome = (path: string) => `${home}/${path}`;
  const runtimePlace = `${home}/node_modules/${runtime.split('/').at(-1)}`;
  return [
    file('bin/sluice', `${home}/bin/sluice`, 0o755),
    file('bin/sluice.js', `${home}/bin/sluice.js`),
    file('package.json', `${home}/package.json`),
    ...plain('dist/**/*.{js,txt}', atHome),
    ...pluginDeclarations(join(root, 'dist')).map((path) => file(`dist/${path}`, atHome(`dist/${path}`))),
    ...exampleFiles(root, file),
    ...dependenciesOf(root).flatMap((folder) => plain(`${folder}/**`, atHome)),
    { kind: 'copy', from: join(runtime, 'bin/node'), to: `${runtimePlace}/bin/node`, mode: 0o755 },
    { kind: 'copy', from: join(runtime, 'LICENSE'), to: `${runtimePlace}/LICENSE`, mode: 0o644 },
    { kind: 'copy', from: join(runtime, 'package.json'), to: `${runtimePlace}/package.json`, mode: 0o644 },
    {
      kind: 'link',
      target: `../${runtime.split('/').at(-1)}/bin/node`,
      to: `${home}/node_modules/.bin/node`,
    },
    { kind: 'link', target: '../lib/sluice/bin/sluice', to: '/usr/bin/sluice' },
    file('packaging/systemd/sluice.service', '/usr/lib/systemd/system/sluice.service'),
    file('packaging/systemd/sluice@.service', '/usr/lib/systemd/system/sluice@.service'),
    file('packaging/systemd/sluice.socket', `${docs}/examples/sluice.socket`),
    file('packaging/debian/first-sluice.toml', '/usr/share/sluice/first-sluice.toml'),
    file('packaging/debian/logrotate', '/etc/logrotate.d/sluice'),
    file('packaging/debian/copyright', `${docs}/copyright`),
    file('README.md', `${docs}/README.md`),
    { kind: 'gzip', from: join(root, 'CHANGELOG.md'), to: `${docs}/changelog.gz` },
    ...manualOf(root),
    ...completionOf(root),
    ...plain('docs/*.{md,json}', (path) => `${docs}/${path.slice('docs/'.length)}`),
  ];
}

/** Examples of plugins: beside the program, which copies them, and where people of Debian look for examples. */
function exampleFiles(root: string, file: (from: string, to: string) => PackageFile): PackageFile[] {
  const names = globSync('examples/plugins/*.ts', { cwd: root }).toSorted();
  return [
    ...names.map((name) => file(name, `${home}/${name}`)),
    { kind: 'link', target: '../../../../lib/sluice/examples/plugins', to: `${docs}/examples/plugins` },
  ];
}

/** The manual pages that `npm run man` has written. */
function manualOf(root: string): PackageFile[] {
  return globSync('man/*.[1-9]', { cwd: root }).map((page) => {
    const section = page.at(-1) ?? '';
    return { kind: 'gzip', from: join(root, page), to: `/usr/share/man/man${section}/${basename(page)}.gz` };
  });
}

/** Where the shells of Debian look for completion. */
const completions = {
  sluice: '/usr/share/bash-completion/completions/sluice',
  _sluice: '/usr/share/zsh/vendor-completions/_sluice',
  'sluice.fish': '/usr/share/fish/vendor_completions.d/sluice.fish',
} as const;

/** The completion for shells that `npm run man` has written. */
function completionOf(root: string): PackageFile[] {
  return Object.entries(completions)
    .map(
      ([name, to]) => ({ kind: 'copy', from: join(root, 'man/completion', name), to, mode: 0o644 }) as const,
    )
    .filter(({ from }) => existsSync(from));
}

/** The links and programs by which other programs find an MTA (Debian Policy 11.6). */
export function filesOfMta(root: string): PackageFile[] {
  const script = (name: string): PackageFile => ({
    kind: 'copy',
    from: join(root, 'packaging/debian/mta', name),
    to: `/usr/bin/${name}`,
    mode: 0o755,
  });
  return [
    { kind: 'link', target: '../lib/sluice/bin/sluice', to: '/usr/sbin/sendmail' },
    { kind: 'link', target: '../sbin/sendmail', to: '/usr/lib/sendmail' },
    script('mailq'),
    script('newaliases'),
    {
      kind: 'copy',
      from: join(root, 'packaging/debian/copyright'),
      to: '/usr/share/doc/sluice-mta/copyright',
      mode: 0o644,
    },
    { kind: 'gzip', from: join(root, 'CHANGELOG.md'), to: '/usr/share/doc/sluice-mta/changelog.gz' },
  ];
}

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean }>
  >;
}

/** The folders of all packages that Sluice needs at run time, without runtimes. @throws {Error} when one is not installed */
export function dependenciesOf(root: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile;
  const wanted = Object.entries(packages)
    .filter(([folder, { dev, optional, devOptional }]) => folder !== '' && !(dev ?? optional ?? devOptional))
    .map(([folder]) => folder);
  const missing = wanted.find((folder) => !existsSync(join(root, folder)));
  if (missing !== undefined) throw new Error(`${missing} is not installed: run "npm ci" first`);
  return wanted;
}
