/** One sentence about a passkey that did not work, whether the browser refused it or the server. */

import { sentenceOf } from './household';
import { security } from './words/security';

export function passkeyFault(error: unknown): string {
  if (!(error instanceof DOMException)) return sentenceOf(error);
  return error.name === 'InvalidStateError' ? security.hasOneHere : security.refusedByBrowser;
}
