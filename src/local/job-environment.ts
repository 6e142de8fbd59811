// The environment of programs that a user names: that of qmail-command(8), with the names of Postfix beside it.

import { partsOf } from '../address/mailbox-parts.ts';
import type { SystemJob } from '../deliver/system/job.ts';
import { inheritedByPrograms } from '../deliver/pipe/inherited.ts';
import { pipeEnvironment } from '../deliver/pipe/pipe-values.ts';

/** Local part and domain of an address, as programs see them. */
export function addressParts(address: string): { readonly local: string; readonly domain: string } {
  const { content, domain } = partsOf(address);
  return { local: content, domain: domain.toLowerCase() };
}

/**
 * @param newSender - of forwards
 * @param matched - what the word `default` in the name of the file stands for; undefined: it is a whole name
 */
export function jobEnvironment(
  { facts, user, home, extension }: SystemJob,
  newSender: string,
  matched: string | undefined,
): Record<string, string> {
  const { DEFAULT: _, ...common } = pipeEnvironment(facts, { user, home }, inheritedByPrograms());
  const words = extension.split('-');
  return {
    ...common,
    SHELL: '/bin/sh',
    NEWSENDER: newSender,
    EXT: extension,
    EXT2: words.slice(1).join('-'),
    EXT3: words.slice(2).join('-'),
    EXT4: words.slice(3).join('-'),
    ...(matched !== undefined && { DEFAULT: matched }),
    EXTENSION: extension,
    DOMAIN: addressParts(facts.recipient).domain,
  };
}
