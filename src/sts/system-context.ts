// The TLS context with the authorities of the system, for fetching policies. Reading and parsing hundreds of certificates takes a tenth
// of a second and more, in which a manager would do nothing else: so another thread reads them, and they are put into the
// context a few at a time. Only where there is a policy to fetch, and once in a process.

import { Buffer } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { Worker } from 'node:worker_threads';

/** Put in at once; each takes about 0.4 ms. */
const sliceLength = 10;

/** Folders such as Debian's have each certificate several times, under several names. */
const readAuthorities = `
  const { parentPort } = require('node:worker_threads');
  const { getCACertificates } = require('node:tls');
  parentPort.postMessage([...new Set(getCACertificates('system'))]);
`;

/** What Node's handle of a context can do, and has no public name: `createSecureContext` calls it for each authority. */
interface AuthorityHandle {
  addCACert(certificate: Uint8Array): void;
}

let made: Promise<SecureContext> | undefined;

/** Never rejects: where there is no store of the system, or no thread to read it, Node's own list is used. */
export function systemContext(): Promise<SecureContext> {
  made ??= authoritiesOfSystem().then(contextOf);
  return made;
}

async function authoritiesOfSystem(): Promise<readonly string[]> {
  const read = Promise.withResolvers<readonly string[]>();
  const worker = new Worker(readAuthorities, { eval: true, execArgv: [] });
  worker.once('message', (found: readonly string[]) => read.resolve(found));
  worker.once('error', () => read.resolve([]));
  worker.once('exit', () => read.resolve([]));
  const found = await read.promise;
  // A container may have no store of its own.
  return found.length > 0 ? found : rootCertificates;
}

/** Makes a context that trusts these authorities. Between slices, others have their turn. */
export async function contextOf(authorities: readonly string[]): Promise<SecureContext> {
  const context = createSecureContext({ ca: [] });
  const { context: handle } = context;
  if (!isAuthorityHandle(handle)) return createSecureContext({ ca: [...authorities] });
  for (let at = 0; at < authorities.length; at += sliceLength) {
    for (const pem of authorities.slice(at, at + sliceLength)) handle.addCACert(Buffer.from(pem));
    await setImmediate();
  }
  return context;
}

function isAuthorityHandle(handle: unknown): handle is AuthorityHandle {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'addCACert' in handle &&
    typeof handle.addCACert === 'function'
  );
}
