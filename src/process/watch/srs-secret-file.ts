// Reads the file with the secrets of SRS, and checks who may read it. Promise: nothing of a secret is ever put into a message.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemReason } from '../../config/read/config-error.ts';
import { type GivenSrsSecrets, parseSrsSecrets } from '../../srs/srs-secrets.ts';

const { O_RDONLY, O_NONBLOCK } = constants;
const mostBytes = 64 * 1024;
const writableByOthers = 0o022;
const readableByAll = 0o004;

export function readSrsSecretFile(path: string): GivenSrsSecrets {
  const found = readSecrets(path);
  return found.kind === 'secrets' ? found : { kind: 'missing', reason: `${path}: ${found.reason}` };
}

function readSecrets(path: string): GivenSrsSecrets {
  let fd: number | undefined;
  try {
    // O_NONBLOCK: opening a pipe would wait for its other end.
    fd = openSync(path, O_RDONLY | O_NONBLOCK);
    const stats = fstatSync(fd);
    if (!stats.isFile()) return missing('it is not a file');
    if (stats.size > mostBytes) return missing(`it is larger than ${mostBytes / 1024} KiB`);
    // Who can write it can have mail relayed through this server, and so can who reads it.
    if ((stats.mode & writableByOthers) !== 0)
      return missing('others than its owner may write it (chmod go-w)');
    if ((stats.mode & readableByAll) !== 0) return missing('every user of this host may read it (chmod o-r)');
    const buffer = Buffer.alloc(mostBytes);
    const length = readSync(fd, buffer, 0, buffer.length, 0);
    return parseSrsSecrets(new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length)));
  } catch (error) {
    if (error instanceof TypeError) return missing('it is not UTF-8');
    return missing(systemReason(error));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function missing(reason: string): GivenSrsSecrets {
  return { kind: 'missing', reason };
}
