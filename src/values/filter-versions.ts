// Versions of the protocol between OpenSMTPD and its filters that are spoken.

/** Up to 0.6, the event link-auth has the name of the user before the result. */
export const filterVersions = ['0.6', '0.7'] as const;

export type FilterVersion = (typeof filterVersions)[number];
