/** What people read about who can look into a picture, and about what this browser may sign. */

import type { Privacy } from '../../core/attempt';

export const privacy = {
  /** Behind the way, on the badge. */
  badge: {
    signed: 'end to end',
    sealed: 'end to end',
    standard: 'server could watch',
    server: 'trusts the server',
  } satisfies Record<Privacy, string>,
  /** Where the badge is opened. */
  long: {
    signed:
      'End to end: camera and screen have checked each other’s signature, so that nobody can slip in between, this server included.',
    sealed:
      'End to end: the camera encrypts every frame for its owner’s devices and guests. The relay cannot watch what it passes on.',
    standard:
      'The owner allows standard players for this camera, so it sends its pictures unsealed: whoever runs this server could watch.',
    server:
      'The camera does not know its owner’s devices, so you trust this server: whoever runs it could look in.',
  } satisfies Record<Privacy, string>,
  /** Beside the encryption of the way. */
  sealedBy: (way: string) => `SFrame (AES-128-GCM), in ${way}`,

  title: 'Who could look in',
  protected: {
    name: 'End to end',
    note: 'Only your devices and those of people you share with can open its pictures. This server passes on what it cannot watch.',
  },
  pending: {
    name: 'End to end once the camera confirms',
    note: 'You have signed something newer than the camera has confirmed: until it has, what you signed before may still hold.',
  },
  unproven: {
    name: 'Trusts this server',
    note: 'This camera was paired by a code that tells it nothing of your devices. Whoever runs this server, or breaks into it, could watch. To change that, pair it again with a code that this app draws.',
  },
  open: {
    name: 'Whoever runs this server could watch',
    note: 'Because you allow standard players, which cannot tell a camera’s word from a server’s.',
  },
  standard: 'Allow standard players',
  standardNote:
    'For players and encoders that know only the published standard. The price: whoever runs this server, or breaks into it, could watch this camera.',
  allowed: 'Allowed.',
  forbidden: 'No longer allowed.',

  /** Of the owner's newest orders. */
  confirmed: 'The camera itself has confirmed this, signed with its key.',
  waiting: 'Signed, but the camera was not reached yet. It obeys as soon as it is online.',

  linkSigned:
    'You have signed it with this device. What stands behind the # is the key to it: this server does not see that.',

  /** Beside a guest. */
  unsigned:
    'Invited without a signature: the camera does not let them watch. Remove them, and invite them anew.',
  void: 'Signed by a device that is no longer yours: the camera does not let them watch. Remove them, and invite them anew.',
  past: 'This server shows a right that was taken back: it hides a newer one, or saving was cut short. Remove them, and invite them anew: all that this browser knows of theirs ends with it.',
  unaccepted: 'Their browser has not confirmed the invitation yet. They need only open it once more.',

  /** Beside an open invitation. */
  noLink: 'This link does not count: no device of yours has signed it, or it was taken back. Withdraw it.',

  /** Of rights. */
  unlisted: (count: number) =>
    `You have signed for more (${count}) than this server lists: links that ran out, people who left, or somebody whom it hides.`,
  endUnlisted: 'Take that back',

  /** `confirmed` or `waiting` follows. */
  unlistedEnded: 'Taken back.',
  saved: (email: string) => `Saved for ${email}.`,
  withdrawn: 'Withdrawn.',
  revoked: (email: string) => `${email} is revoked.`,
  revokedAsKnown: (email: string) => `What this browser knows of ${email} is revoked.`,

  letIn: 'Let this browser in',
  /** Why this browser cannot sign, and what to do. */
  cannot: {
    newcomer:
      'This browser is not one of your devices yet, so the camera would not believe it. Do this on a device that belongs.',
    stranger:
      'This browser does not know this camera’s key yet. Open the app on a device that does, or pair the camera again.',
    alone: 'None of your devices is known to this camera any more. Pair it again: then it knows this one.',
    insecure: 'This page came without encryption, where browsers have no cryptography. Open it by https.',
    unsupported: 'This browser is too old to sign. Use a newer one.',
    storage: 'This browser keeps nothing (a private window?), so it cannot be one of your devices.',
    unaccepted: 'There is no signed word of theirs to go on from. Remove them, and invite them anew.',
    full: 'Too many rights were taken back one by one. Remove the guest who came first, and invite them anew.',
  },
};
