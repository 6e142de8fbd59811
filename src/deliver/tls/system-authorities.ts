// The authorities that the system trusts, for all TLS of this process. They are read once and kept in one store that all contexts
// share: a context with a list of its own takes a tenth of a second to make, in which nothing else happens.

import { getCACertificates, setDefaultCACertificates } from 'node:tls';

let areTrusted = false;

/** Makes the authorities of the system those of contexts that name none. A change of them counts after a restart. */
export function trustSystemAuthorities(): void {
  if (areTrusted) return;
  areTrusted = true;
  // Folders such as Debian's have each certificate several times, under several names.
  setDefaultCACertificates([...new Set(getCACertificates('system'))]);
}
