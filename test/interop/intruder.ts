// A program that somebody runs inside a role, by a hole in it: it becomes the user of the role as the role did, tries what it was
// told to try, and prints what came of each attempt: `done`, or the system's error code.

import { accessSync, constants, openSync, readdirSync, unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { become } from '../../src/process/privileges/become.ts';
import type { Identity } from '../../src/process/privileges/identity.ts';

export type Attempt =
  | { readonly kind: 'read' | 'write' | 'create' | 'remove' | 'list' | 'connect'; readonly path: string }
  | { readonly kind: 'signal'; readonly pid: number }
  | { readonly kind: 'listen'; readonly port: number };

if (import.meta.main) {
  const [, , identity = '', attempts = ''] = process.argv;
  become(JSON.parse(identity) as Identity);
  const results: string[] = [];
  for (const attempt of JSON.parse(attempts) as Attempt[]) results.push(await resultOf(attempt));
  process.stdout.write(JSON.stringify(results));
}

async function resultOf(attempt: Attempt): Promise<string> {
  try {
    await carryOut(attempt);
    return 'done';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

async function carryOut(attempt: Attempt): Promise<void> {
  switch (attempt.kind) {
    case 'read':
      openSync(attempt.path, 'r');
      break;
    case 'write':
      openSync(attempt.path, 'r+');
      break;
    case 'create':
      openSync(attempt.path, 'wx');
      break;
    case 'remove':
      accessSync(attempt.path, constants.F_OK);
      unlinkSync(attempt.path);
      break;
    case 'list':
      readdirSync(attempt.path);
      break;
    case 'signal':
      process.kill(attempt.pid, 'SIGWINCH'); // harmless where it succeeds
      break;
    case 'connect':
      await once(connect(attempt.path).unref(), 'connect');
      break;
    case 'listen':
      await once(createServer().listen(attempt.port, '127.0.0.1').unref(), 'listening');
      break;
    default:
      attempt satisfies never;
  }
}
