// What a DNS list can be asked about.

/** `reply`: the domains in From and Reply-To. */
export const listSubjects = ['client', 'helo', 'sender', 'reply'] as const;

export type ListSubject = (typeof listSubjects)[number];
