// A Debian 12 of its own with systemd as process 1, in namespaces: nothing of it is seen by this host, and nothing of this host by it but
// a folder with packages. It has no network but its own loopback. Needs root, and debootstrap for the first run.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from '../../../sim/neighbours/ground.ts';

/** What the packages depend on, and what they are tried with. */
const include =
  'systemd,systemd-sysv,adduser,init-system-helpers,libatomic1,ca-certificates,procps,perl-base';

/** Makes the files of the host once; later runs start from them. Downloads them from Debian. */
export function makeRoot(place: string): void {
  if (existsSync(join(place, 'etc/debian_version'))) return;
  const unfinished = `${place}.unfinished`;
  mkdirSync(dirname(place), { recursive: true });
  execFileSync('rm', ['-rf', unfinished]);
  execFileSync('debootstrap', ['--variant=minbase', `--include=${include}`, 'bookworm', unfinished], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  renameSync(unfinished, place);
}

/** Hierarchies of control groups: systemd of Debian 12 runs with the first kind alone, or with both. */
const hierarchies = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'].filter((each) =>
  existsSync(join(each, 'cgroup.procs')),
);

const boot = `
set -e
base=$1 packages=$2
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir -p /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o "lowerdir=$base,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
cd /mnt/root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
if [ -e /sys/fs/cgroup/systemd/cgroup.procs ]; then
  mount -t tmpfs tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
else
  mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts devpts -o newinstance,ptmxmode=0666 dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir -p packages
mount --bind "$packages" packages
ip link set lo up
hostname mail.example.test
echo 127.0.0.1 mail.example.test localhost > etc/hosts
echo nameserver 127.0.0.1 > etc/resolv.conf
mkdir .old
pivot_root . .old
umount -l /.old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --log-target=console --log-level=warning --show-status=0
`;

export class DebianHost {
  readonly #boot: ChildProcess;
  readonly #groups: readonly string[];
  readonly #pid: number;

  private constructor(started: ChildProcess, groups: readonly string[], pid: number) {
    this.#boot = started;
    this.#groups = groups;
    this.#pid = pid;
  }

  /** @param base - made by `makeRoot`; @param packages - the folder that is /packages there */
  static async start(base: string, packages: string): Promise<DebianHost> {
    // Groups of its own: otherwise its systemd would work in those of this host.
    const groups = hierarchies.map((each) => join(each, `sluice-deb-${process.pid}`));
    for (const group of groups) mkdirSync(group);
    const enter = groups.map((group) => `echo $$ > ${group}/cgroup.procs`).join('; ');
    const namespaces = 'unshare -n -m -p -f -C -u -i --kill-child';
    const command = `${enter}; exec ${namespaces} sh -c "$0" boot "$1" "$2"`;
    const started = spawn('sh', ['-c', command, boot, base, packages], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const children = `/proc/${started.pid}/task/${started.pid}/children`;
    const pid = await until('systemd is process 1', () => {
      const [child] = readFileSync(children, 'utf8').trim().split(' ').map(Number);
      if (child === undefined || child === 0) return undefined;
      return readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'systemd' ? child : undefined;
    });
    const host = new DebianHost(started, groups, pid);
    await until('the host has started', () => {
      const { stdout } = host.try('systemctl', 'is-system-running');
      return /running|degraded/u.test(stdout);
    });
    return host;
  }

  /** Runs a program there. */
  try(...command: readonly string[]) {
    const args = ['-t', String(this.#pid), '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w'];
    const env = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'DEBIAN_FRONTEND=noninteractive'];
    return spawnSync('nsenter', [...args, ...env, ...command], { encoding: 'utf8' });
  }

  /** Runs a program there and returns what it prints. @throws {Error} when it fails */
  run(...command: readonly string[]): string {
    const { status, stdout, stderr } = this.try(...command);
    if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  }

  shell(script: string): string {
    return this.run('sh', '-ec', script);
  }

  /** A property of a unit, as systemctl show has it. */
  property(unit: string, name: string): string {
    return this.run('systemctl', 'show', '--property', name, '--value', unit).trim();
  }

  write(path: string, text: string): void {
    writeFileSync(`/proc/${this.#pid}/root${path}`, text);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => {
      this.#boot.once('exit', resolve);
    });
    this.#boot.kill('SIGKILL'); // which ends all of the namespace, too
    await ended;
    for (const group of this.#groups) {
      await until('its groups are empty', () => removeGroup(group));
    }
  }
}

/** @returns whether it is gone: it stays as long as processes in it end. */
function removeGroup(group: string): boolean {
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory() && !removeGroup(join(group, entry.name))) return false;
  }
  try {
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}
