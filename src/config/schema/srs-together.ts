// What [srs] and srs in [[route]] need of each other.

import type { z } from 'zod';

/** The parts of the file that are checked, as read. */
export interface SrsTables {
  readonly route: readonly { readonly srs?: boolean | undefined }[];
  readonly srs: { readonly domain?: string | undefined; readonly secret_file?: string | undefined };
}

/** Rewriting needs a domain and secrets. */
export function checkSrs({ route, srs }: SrsTables, context: z.RefinementCtx): void {
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', message, path });
  if (srs.domain !== undefined && srs.secret_file === undefined)
    refuse(['srs', 'domain'], 'needs secret_file, too; "sluice srs secret FILE" makes one');
  if (srs.domain === undefined && srs.secret_file !== undefined)
    refuse(['srs', 'secret_file'], 'needs domain, too: the domain of the addresses that are made');
  if (srs.domain !== undefined) return;
  for (const [index, each] of route.entries()) {
    if (each.srs === true) refuse(['route', index, 'srs'], 'needs [srs] with domain and secret_file');
  }
}
