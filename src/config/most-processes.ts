// How many processes of a kind there may be.

/** A spool has 64 slots, one for each process that writes to it, and two are the manager's. */
export const mostReceivers = 62;
export const mostSenders = 256;
