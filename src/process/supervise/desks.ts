// What only the supervisor reads and gives to the processes that need it: certificates with their keys, and the secrets of credentials and of SRS.

import type { Config } from '../../config/config.ts';
import { CertificateDesk, type CertificateDeskParts, type CertificatesRead } from './certificate-desk.ts';
import { SrsDesk } from './srs-desk.ts';
import { SecretDesk } from './secret-desk.ts';

export class Desks {
  readonly certificates: CertificateDesk;
  readonly secrets: SecretDesk;
  readonly srs: SrsDesk;

  /** @throws {CertificateError} when a certificate of the configuration cannot be used */
  constructor(config: Config, parts: CertificateDeskParts) {
    this.certificates = new CertificateDesk(config, parts);
    this.secrets = new SecretDesk(config, parts);
    this.srs = new SrsDesk(config, parts);
  }

  /** Looks at the files from now on. */
  start(): void {
    this.certificates.start();
    this.secrets.start();
    this.srs.start();
  }

  stop(): void {
    this.certificates.stop();
    this.secrets.stop();
    this.srs.stop();
  }

  /** Reads what cannot be done without. @throws {CertificateError} when a certificate cannot be used; nothing changes then */
  read(config: Config): CertificatesRead {
    return this.certificates.read(config);
  }

  /** Puts in force what was read for a configuration. Senders have new secrets before they hear of it. */
  use(read: CertificatesRead, config: Config): void {
    this.certificates.use(read);
    this.secrets.use(config);
    this.srs.use(config);
  }
}
