// Which fields a signature covers (RFC 6376 5.4.1): all that a reader is shown or that says how to read the message. Names of the first list
// are signed once more than the message has them, so that nobody can add one (5.4.2: over-signing).

/** A message has each of them once at most (RFC 5322 3.6), so one more is always wrong. */
const overSignedNames: readonly string[] = [
  'From',
  'Subject',
  'Date',
  'To',
  'Cc',
  'Reply-To',
  'Sender',
  'Message-ID',
  'In-Reply-To',
  'References',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'Content-Disposition',
  'Content-ID',
  'Content-Description',
];

/** Signed as often as they are there. A mailing list may add them lawfully. */
const signedIfPresentNames: readonly string[] = [
  'Resent-From',
  'Resent-Sender',
  'Resent-To',
  'Resent-Cc',
  'Resent-Date',
  'Resent-Message-ID',
  'List-Id',
  'List-Help',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'List-Subscribe',
  'List-Post',
  'List-Owner',
  'List-Archive',
  'Autocrypt',
  'Feedback-ID',
  'TLS-Report-Domain',
  'TLS-Report-Submitter',
];

/** Fields of one name that are signed at most, from the bottom. No message that people write has more. */
const mostOfOneName = 20;

/** What a signature says in `h=`. */
export interface NameList {
  readonly overSigned: readonly string[];
  readonly ifPresent: readonly string[];
}

export const usualNames: NameList = { overSigned: overSignedNames, ifPresent: signedIfPresentNames };

/** The names for `h=` of one message. @param countOf - how many fields of a name, in lower case, the message has */
export function namesToSign(
  { overSigned, ifPresent }: NameList,
  countOf: (name: string) => number,
): string[] {
  const names: string[] = [];
  const add = (name: string, times: number): void => {
    for (let i = 0; i < times; i++) names.push(name);
  };
  for (const name of overSigned) add(name, Math.min(countOf(name.toLowerCase()), mostOfOneName) + 1);
  for (const name of ifPresent) add(name, Math.min(countOf(name.toLowerCase()), mostOfOneName));
  return names;
}
