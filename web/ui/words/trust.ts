/** The words of who may watch and who proves what to whom. */

export const trust = {
  /** In the wizard. */
  code: {
    secret: 'It carries a secret that this server never sees: the camera proves with it that it is yours.',
    seen: 'Show it to nobody but the camera: whoever else sees it while it is good can take the camera’s place, or take the camera.',
    weaker: {
      generic:
        'This form of the code has no place for a secret: you and this camera will have to trust this server.',
      newcomer:
        'This browser is not among your devices yet, so you and this camera would have to trust this server.',
      insecure:
        'This page came without encryption, where browsers prove nothing: you and this camera will have to trust this server.',
      unsupported:
        'This browser is too old to prove anything: you and this camera will have to trust this server.',
      storage:
        'This browser keeps nothing (a private window?), so you and this camera will have to trust this server.',
    },
    letIn: 'Let this browser in first',
    checking: 'Checking that this is the camera that read your code …',
    retry: 'Try again',
    proven: 'Checked: this is the camera that read your code. Nobody stands between, not even this server.',
    believed: 'The camera has proven nothing: this picture comes by the word of this server.',
    missingTitle: 'This camera has proven nothing',
    missing:
      'It sent no proof that it read your code. Its software is older than that, or somebody stands between you and your camera.',
    goOn: 'Trust this server about it',
    refutedTitle: 'This is not the camera that read your code',
    refuted:
      'Its proof is wrong: somebody stands between you and your camera, or put another device in its place. Do not use it. You find this in your activity.',
    refutedNext:
      'Remove it, and ask whoever runs this server what happened. If you go on, reset the camera and pair it on another network.',
    remove: 'Remove it',
    activity: 'Activity',
  },

  /** On the list of cameras. */
  home: {
    newcomer: 'Your cameras do not know this browser yet. Let it in with a device that already watches.',
    removed: 'This browser was taken off your devices. A device that still watches can let it in again.',
    replaced: 'This server shows other devices of yours than this browser knows.',
    insecure:
      'This page came without encryption, where browsers prove nothing. Open it by https to see your cameras.',
    unsupported: 'Your cameras ask for a proof that this browser is too old for.',
    storage: 'Your cameras ask for a key, and this browser keeps none (a private window?).',
    letIn: 'Let this browser in',
    who: (email: string) =>
      `This browser keeps keys, but none of the account that this server calls yours now: ${email}. If you have just signed in to that one, go on. If you have not, this server may be showing you other cameras than your own.`,
    isMe: 'It is mine: trust this server',
    look: 'See what happened',
    paper:
      'Your cameras obey this browser now, and nothing else. Print a recovery code, for browsers forget.',
    print: 'Print it',
    later: 'Not now',
  },

  devices: {
    title: 'Devices that may watch',
    hint: 'Your cameras show themselves to these browsers, whatever this server says. What you sign in with is another matter.',
    open: 'See them',
  },

  /** Over a picture that does not come. */
  watch: {
    letIn: 'Let this browser in',
    unproven:
      'No device of yours has a proof of this camera. If it was paired without one, you can trust this server about it. If it was paired with one, this server hides it.',
    trustServer: 'Trust this server about it',
    disputed:
      'A device of yours has opened an invitation to this camera of yours, as if it were somebody else’s, with another key. If you have given it away, go on. If you have not, this server passes another camera off as yours.',
    take: 'I have given it away',
    answered: (why: string) => `This server gives as the camera’s answer, which nobody has signed: ${why}.`,
  },

  /** In a camera's settings. */
  believed: {
    note: 'You have told this browser to trust this server about this camera.',
    end: 'Trust it no more',
  },

  forget: 'Forget this device',
  forgetHint: 'For a computer that others use: its key is destroyed, and it watches no more.',
  notForgotten:
    'This browser may still have its key. Clear its data of this site, or take it off on a device of yours.',
  forgetLast:
    'It is the only one that may watch. Without a printed recovery code each camera must be paired again.',
} as const;
