// Checks what [[limit]] tables say of routes whose mail stays on this host, and such routes against each other.

import type { z } from 'zod';
import { addUnknown } from './unknown-names.ts';

/** The part of the tables that it looks at. */
export interface WayTables {
  readonly route: readonly {
    readonly name?: string | undefined;
    readonly pipe?: unknown;
    readonly redirect?: unknown;
    readonly mailbox?: unknown;
    readonly local?: unknown;
    readonly domain?: unknown;
    readonly recipient?: unknown;
    readonly archive?: { readonly file?: string | undefined } | undefined;
  }[];
  readonly directory: readonly unknown[];
  readonly limit: readonly { readonly route?: readonly string[] | undefined }[];
}

export function checkWays({ route, limit, directory }: WayTables, context: z.RefinementCtx): void {
  const names = route.flatMap(({ name }) => name ?? []);
  const local = new Set(
    route.flatMap(({ name = '', pipe, redirect, archive, mailbox, local: users }) =>
      [pipe, redirect, archive, mailbox, users].every((way) => way === undefined) ? [] : [name],
    ),
  );
  for (const [index, { route: limited = [] }] of limit.entries()) {
    for (const [at, name] of limited.entries()) {
      const path = ['limit', index, 'route', at];
      if (!names.includes(name)) addUnknown('route', name, names, path, context);
      else if (!local.has(name)) {
        const message = `the mail of route "${name}" goes to other hosts; limit it by domain or mx`;
        context.addIssue({ code: 'custom', message, path });
      }
    }
  }
  const files = new Map<string, number>();
  for (const [index, { archive }] of route.entries()) {
    if (archive?.file === undefined) continue;
    const earlier = files.get(archive.file);
    if (earlier === undefined) files.set(archive.file, index);
    else {
      const message = `is already the file of route[${earlier + 1}]: one route at a time can write to it`;
      context.addIssue({ code: 'custom', message, path: ['route', index, 'archive', 'file'] });
    }
  }
  for (const [index, { mailbox, local: users, domain, recipient }] of route.entries()) {
    if (mailbox === undefined && users === undefined) continue;
    const target = mailbox === undefined ? 'local' : 'mailbox';
    const refuse = (message: string): void =>
      context.addIssue({ code: 'custom', message, path: ['route', index, target] });
    if (mailbox !== undefined && directory.length === 0)
      refuse('needs a [[directory]], which says who has a mailbox');
    if (domain === undefined && recipient === undefined)
      refuse('needs domain: without it, mail to all other domains would be looked for here, too');
  }
}
