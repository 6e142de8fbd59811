// Checks that the credentials that routes and [[etrn]] name are there.

import type { z } from 'zod';
import { addUnknown } from './unknown-names.ts';

export interface CredentialTables {
  readonly credential: readonly { readonly name: string; readonly sender?: readonly unknown[] | undefined }[];
  readonly route: readonly { readonly credential?: string | readonly string[] | undefined }[];
  readonly etrn: readonly { readonly credential?: string | undefined }[];
}

/** Each name of a route, or of an [[etrn]], is that of a credential, and no two of one route are for the same sender. */
export function checkCredentials(
  { credential, etrn, route }: CredentialTables,
  context: z.RefinementCtx,
): void {
  const names = credential.map(({ name }) => name);
  for (const [index, { credential: given = [] }] of route.entries()) {
    const seen = new Map<string, string>();
    const isList = typeof given !== 'string';
    for (const [at, name] of [given].flat().entries()) {
      const path = ['route', index, 'credential', ...(isList ? [at] : [])];
      const found = credential.find((each) => each.name === name);
      if (found === undefined) {
        addUnknown('credential', name, names, path, context);
        continue;
      }
      for (const sender of found.sender ?? ['any']) {
        const key = JSON.stringify(sender);
        const other = seen.get(key);
        seen.set(key, name);
        if (other === undefined) continue;
        const what = found.sender === undefined ? 'are both for any sender' : 'have a sender in common';
        context.addIssue({ code: 'custom', message: `${other} and ${name} ${what}: which counts?`, path });
      }
    }
  }
  for (const [index, { credential: name }] of etrn.entries()) {
    if (name !== undefined && !names.includes(name))
      addUnknown('credential', name, names, ['etrn', index, 'credential'], context);
  }
}
