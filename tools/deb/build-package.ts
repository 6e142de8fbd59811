// Builds one .deb with dpkg-deb: lays out its files in a folder, writes the control files, and has it packed.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { PackageFile } from './package-files.ts';

export interface Package {
  readonly name: string;
  readonly version: string;
  /** As Debian names it: `amd64`, `arm64`, `all`. */
  readonly architecture: string;
  /** The text of the control file, without Package, Version, Architecture and Installed-Size. */
  readonly control: string;
  readonly files: readonly PackageFile[];
  /** Files of the folder DEBIAN that are programs: postinst and so on. */
  readonly scripts: Readonly<Record<string, string>>;
}

export interface BuildOptions {
  /** The folder of the .deb. */
  readonly output: string;
  /** Packs faster and larger, for tests. */
  readonly isFast: boolean;
  /** Unix seconds of all files, so that the same sources give the same package. */
  readonly epoch: number;
}

/** @returns the path of the .deb */
export function buildPackage(wanted: Package, { output, isFast, epoch }: BuildOptions): string {
  const stage = mkdtempSync(join(tmpdir(), 'sluice-deb-'));
  try {
    chmodSync(stage, 0o755);
    const sums: string[] = [];
    let bytes = 0;
    for (const file of wanted.files) {
      const to = join(stage, file.to);
      makeFolders(stage, dirname(file.to));
      if (file.kind === 'link') {
        symlinkSync(file.target, to);
        continue;
      }
      if (file.kind === 'gzip') writeFileSync(to, gzipSync(readFileSync(file.from), { level: 9 }));
      else copyFileSync(file.from, to);
      chmodSync(to, file.kind === 'gzip' ? 0o644 : file.mode);
      const content = readFileSync(to);
      bytes += content.length;
      sums.push(`${createHash('md5').update(content).digest('hex')}  ${file.to.slice(1)}\n`);
    }
    makeFolders(stage, '/DEBIAN');
    const { name, version, architecture, control, scripts } = wanted;
    const head = `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\nInstalled-Size: ${Math.ceil(bytes / 1024)}\n`;
    writeFileSync(join(stage, 'DEBIAN/control'), head + control);
    writeFileSync(join(stage, 'DEBIAN/md5sums'), sums.sort().join(''));
    // What an administrator has changed there stays so at an upgrade (Debian Policy 10.7.3).
    const settings = wanted.files.map(({ to }) => to).filter((to) => to.startsWith('/etc/'));
    if (settings.length > 0) writeFileSync(join(stage, 'DEBIAN/conffiles'), `${settings.join('\n')}\n`);
    for (const [script, text] of Object.entries(scripts)) {
      writeFileSync(join(stage, 'DEBIAN', script), text);
      chmodSync(join(stage, 'DEBIAN', script), 0o755);
    }
    mkdirSync(output, { recursive: true });
    const deb = join(output, `${name}_${version}_${architecture}.deb`);
    const packing = isFast ? ['-Zgzip', '-z1'] : ['-Zxz'];
    execFileSync('dpkg-deb', ['--root-owner-group', ...packing, '--build', stage, deb], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    });
    return deb;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Folders of a package are 0755, whatever the umask of the one who builds it. */
function makeFolders(stage: string, folder: string): void {
  let path = stage;
  for (const part of folder.split('/').filter((each) => each !== '')) {
    path = join(path, part);
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o755);
  }
}
