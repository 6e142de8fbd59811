// The classes of the addresses of a message: those of the envelope, and those in fields of the header.

export const addressClasses = [
  'envelope-sender',
  'envelope-recipient',
  'header-sender',
  'header-recipient',
] as const;

export type AddressClass = (typeof addressClasses)[number];
