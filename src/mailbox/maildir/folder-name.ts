// Folders of Maildir++ (`.Lists`, `.Lists.Work`) by the extension of an address, as in `joe+lists.work@example.com`. Promises: whoever writes the
// address leaves the mailbox by no extension, makes no name that programs misread, and no folder that is deep or has a long name.

/** Of a folder below another one. */
const mostDepth = 5;
/** Of the whole name, as it stands on the disk. */
const mostBytes = 120;

/** What no name of a folder may have: separators, wildcards of IMAP (RFC 3501 6.3.8), and what shells or programs misread. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const unfit = /[\0-\x1f\x7f/\\%*"\ufffd]/u;

/** @returns the name of the folder in the mailbox, such as `.lists`; undefined: this extension names none, and the inbox is meant */
export function folderOfExtension(extension: string): string | undefined {
  if (extension === '' || unfit.test(extension) || !extension.isWellFormed()) return undefined;
  const names = extension.split('.');
  if (names.length > mostDepth || names.some((name) => name === '' || name.trim() !== name)) return undefined;
  if (names[0]?.toLowerCase() === 'inbox') return undefined;
  const folder = `.${names.map(modifiedUtf7).join('.')}`;
  return Buffer.byteLength(folder) > mostBytes ? undefined : folder;
}

/** RFC 3501 5.1.3, in which programs with Maildir++ store the names of folders. */
function modifiedUtf7(name: string): string {
  return name.replaceAll(/&|[^\x20-\x7e]+/gu, (run) => (run === '&' ? '&-' : `&${inBase64(run)}-`));
}

function inBase64(text: string): string {
  const units = Buffer.from(text, 'utf16le').swap16();
  return units.toString('base64').replaceAll('=', '').replaceAll('/', ',');
}
