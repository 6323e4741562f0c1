/** Why there is no picture, from what went wrong in signaling: the server's and the camera's fault codes (DESIGN §4). */

import { ConnectionLost, Fault, Notice, SignalingError } from './messages';
import type { Cause } from './watch-state';

/** Why the server says no to `connect` itself. */
export function refusalOf(error: unknown): Cause {
  const closed = error instanceof SignalingError && error.code === Fault.WAY_CLOSED;
  return closed ? 'closed' : causeOf(error);
}

export function causeOf(error: unknown): Cause {
  if (error instanceof ConnectionLost) return 'signaling';
  const code = error instanceof SignalingError ? error.code : 0;
  switch (code) {
    case Fault.UNAUTHORIZED:
    case Fault.FORBIDDEN:
    case Fault.NOT_FOUND:
      return 'forbidden';
    case Fault.NOT_TRUSTED:
      return 'stranger';
    case Fault.CAMERA_UNAVAILABLE:
    case Fault.GONE:
    case Notice.PEER_DISCONNECTED:
      return 'offline';
    case Fault.TIMEOUT:
      return 'asleep';
    case Fault.NOT_ACCEPTABLE:
      return 'codec';
    case Notice.RESOURCES:
    case Fault.TOO_MANY_REQUESTS:
      return 'busy';
    default:
      return 'ended';
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
