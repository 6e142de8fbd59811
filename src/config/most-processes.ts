// The most processes of each role.

/** A spool has 64 slots, one for each process that writes to it. The manager has two of them. */
export const mostReceivers = 62;
export const mostSenders = 256;
