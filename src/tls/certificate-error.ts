// A certificate or its key that cannot be used, with the file that is to blame. Messages never contain anything of a file's
// content: it may be a key.

import { SluiceError } from '../errors/sluice-error.ts';

export type CertificateErrorCode =
  | 'CERTIFICATE_FILE'
  | 'CERTIFICATE_FORM'
  | 'CERTIFICATE_KEY_ENCRYPTED'
  | 'CERTIFICATE_KEY_OTHER'
  | 'CERTIFICATE_KEY_TYPE'
  | 'CERTIFICATE_ORDER'
  | 'CERTIFICATE_REFUSED';

export class CertificateError extends SluiceError {
  declare readonly code: CertificateErrorCode;

  // oxlint-disable-next-line no-useless-constructor -- narrows the type of the code
  constructor(code: CertificateErrorCode, message: string, advice: string, options?: ErrorOptions) {
    super(code, message, advice, options);
  }
}
