// The mount that a path is on, by /proc/self/mountinfo (proc_pid_mountinfo(5)).

export interface Mount {
  /** Where it is mounted. */
  readonly point: string;
  /** E.g. `ext4`. */
  readonly type: string;
  /** Of the mount and of its file system. */
  readonly options: readonly string[];
  /** Major and minor number, as in /sys/dev/block: `8:1`. */
  readonly device: string;
}

/**
 * @param mountinfo - the content of the file
 * @param path - absolute, without links
 * @returns the last of the mounts that are nearest to the path: a later one covers an earlier one at the same point
 */
export function mountOf(mountinfo: string, path: string): Mount | undefined {
  let nearest: Mount | undefined;
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , device = '', , point, options = ''] = left.split(' ');
    const [type = '', , superOptions = ''] = right.split(' ');
    if (point === undefined || type === '') continue;
    const at = unescaped(point);
    if (!isWithin(path, at) || (nearest !== undefined && at.length < nearest.point.length)) continue;
    const all = [...options.split(','), ...superOptions.split(',')];
    nearest = { point: at, type, options: [...new Set(all)], device };
  }
  return nearest;
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

/** A space is written as `\040`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(\d{3})/gu, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
