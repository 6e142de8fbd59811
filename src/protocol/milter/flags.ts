// The bits by which an MTA and a milter agree on what each of them does, and which version of the protocol knows which of them.

/** What a milter may ask for at the end of a message. */
export const action = {
  addHeaders: 0x1,
  changeBody: 0x2,
  addRecipients: 0x4,
  deleteRecipients: 0x8,
  changeHeaders: 0x10,
  quarantine: 0x20,
  changeSender: 0x40,
  addRecipientsWithParameters: 0x80,
  setMacroLists: 0x100,
} as const;

/** `no...`: the event is not sent. `noReplyTo...`: it is sent, and never answered. */
export const step = {
  noConnect: 0x1,
  noHelo: 0x2,
  noMail: 0x4,
  noRcpt: 0x8,
  noBody: 0x10,
  noHeaders: 0x20,
  noEndOfHeaders: 0x40,
  noReplyToHeader: 0x80,
  noUnknown: 0x100,
  noData: 0x200,
  skip: 0x400,
  rejectedRcpt: 0x800,
  noReplyToConnect: 0x1000,
  noReplyToHelo: 0x2000,
  noReplyToMail: 0x4000,
  noReplyToRcpt: 0x8000,
  noReplyToData: 0x10000,
  noReplyToUnknown: 0x20000,
  noReplyToEndOfHeaders: 0x40000,
  noReplyToBody: 0x80000,
  headerLeadingSpace: 0x100000,
} as const;

export const oldestVersion = 2;
export const newestVersion = 6;

/** What one side says in a negotiation. */
export interface Terms {
  readonly version: number;
  readonly actions: number;
  readonly steps: number;
}

/** All that a version of the protocol knows. Version 3 has brought unknown commands, version 4 DATA, version 6 the rest. */
export function termsOf(version: number): Terms {
  if (version >= newestVersion) return { version, actions: 0x1ff, steps: 0x1fffff };
  const steps = 0x7f | (version >= 3 ? step.noUnknown : 0) | (version >= 4 ? step.noData : 0);
  return { version, actions: 0x3f, steps };
}
