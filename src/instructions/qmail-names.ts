// The names of the files in which a mailbox of a user may be described (dot-qmail(5)): `.qmail` for the user, `.qmail-EXT` for an extension, and for
// those without a file, `.qmail-PART-default`, with ever less of the extension. Dots become colons, so that no address leads to another folder.

/** A name, and what of the address the word `default` stands for; undefined: the name is the whole one. */
export interface QmailName {
  readonly name: string;
  readonly matched: string | undefined;
}

/** A part of an address, such as of an extension, as it stands in a name. */
function safe(part: string): string {
  return part.toLowerCase().replaceAll('.', ':');
}

/**
 * In the order in which they are looked for.
 * @param dash - `-` between the user and the extension; empty: the mailbox of the user, which has no extension
 */
export function qmailNames(dash: '-' | '', extension: string): readonly QmailName[] {
  const whole = safe(extension);
  const names: QmailName[] = [{ name: `.qmail${dash}${whole}`, matched: undefined }];
  if (dash === '') return names;
  for (let end = whole.length; end >= 0; end--) {
    if (end > 0 && whole[end - 1] !== '-') continue;
    names.push({ name: `.qmail-${whole.slice(0, end)}default`, matched: extension.slice(end) });
  }
  return names;
}

/** Can a file have this name? Else there is none. */
export function isPossibleName(name: string): boolean {
  return !name.includes('/') && !name.includes('\0') && Buffer.byteLength(name) <= 255;
}

/** The file that says that errors of forwarded mail go to its owner, and the one that gives each recipient a sender of its own (VERP). */
export function ownerNames(
  dash: '-' | '',
  extension: string,
): { readonly owner: string; readonly verp: string } {
  const base = `.qmail${dash}${safe(extension)}-owner`;
  return { owner: base, verp: `${base}-default` };
}

/**
 * The sender of mail that is forwarded.
 * @param sender - of the mail; a bounce, and a bounce of a bounce, stay what they are
 * @param has - whether the owner's file, and the one for VERP, is there
 */
export function senderOfForwards(
  sender: string,
  mailbox: { readonly local: string; readonly domain: string },
  has: { readonly owner: boolean; readonly verp: boolean },
): string {
  if (sender === '' || sender === '#@[]' || !has.owner) return sender;
  const { local, domain } = mailbox;
  return has.verp ? `${local}-owner-@${domain}-@[]` : `${local}-owner@${domain}`;
}
