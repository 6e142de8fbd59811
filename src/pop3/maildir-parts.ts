// The folders `new` and `cur` of a Maildir, held open for a session. Promises: whatever somebody puts in their place meanwhile, such as a link to the
// mail of another user, nothing is read, renamed or removed but in the folders that were there when it began; links are refused.

import * as fs from 'node:fs';
import { join } from 'node:path';

export type MaildirPart = 'new' | 'cur';

/** Names of the files that are open, as Linux has them. */
const openFiles = '/proc/self/fd';
const hasOpenFiles = fs.existsSync(openFiles);

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;

export class MaildirParts {
  readonly #paths: Readonly<Record<MaildirPart, string>>;
  #fds: readonly number[];

  private constructor(paths: Readonly<Record<MaildirPart, string>>, fds: readonly number[]) {
    this.#paths = paths;
    this.#fds = fds;
  }

  /** @throws {Error} of the system: ENOENT when there is no Maildir, ENOTDIR when one of them is a link or no folder */
  static async open(folder: string): Promise<MaildirParts> {
    const fresh = await openFolder(join(folder, 'new'));
    try {
      const current = await openFolder(join(folder, 'cur'));
      // Elsewhere, what was looked at is what is used.
      const paths = hasOpenFiles
        ? { new: join(openFiles, String(fresh)), cur: join(openFiles, String(current)) }
        : { new: join(folder, 'new'), cur: join(folder, 'cur') };
      return new MaildirParts(paths, [fresh, current]);
    } catch (error) {
      fs.closeSync(fresh);
      throw error;
    }
  }

  /** Of a mailbox into which nothing was delivered yet. */
  static none(folder: string): MaildirParts {
    return new MaildirParts({ new: join(folder, 'new'), cur: join(folder, 'cur') }, []);
  }

  /** Leads to a file, or to the folder itself, until `close`. */
  path(part: MaildirPart, name = ''): string {
    return name === '' ? this.#paths[part] : `${this.#paths[part]}/${name}`;
  }

  close(): void {
    for (const fd of this.#fds) fs.close(fd, () => undefined);
    // Their numbers may be those of other files now.
    this.#fds = [];
  }
}

function openFolder(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, (error, fd) => {
      if (error === null) resolve(fd);
      // Both are told in one way: which of them it is depends on the system.
      else if (error.code === 'ELOOP' || error.code === 'ENOTDIR')
        reject(Object.assign(new Error(`${path} is no folder`), { code: 'ENOTDIR' }));
      else reject(error);
    });
  });
}
