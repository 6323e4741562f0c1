/** Every word a person reads, in one place. `\u2011` is a hyphen at which no line breaks. */

import type { CodeFate } from '../core/code-fate';
import type { Detour } from '../core/diagnosis';
import type { Verdict, WaysRule } from '../core/model';
import type { Cause } from '../core/watch-state';
import type { WifiFault } from '../core/qr-payload';
import type { SecretFault } from '../core/setup-code';
import { activity } from './words/activity';
import { privacy } from './words/privacy';
import { accept, sharing } from './words/sharing';

export const text = {
  product: 'Belvedere',
  loading: 'Loading …',
  skip: 'Skip to content',
  back: 'Back',
  cancel: 'Cancel',
  continue: 'Continue',
  saved: 'Saved',
  copy: 'Copy',
  copied: 'Copied',
  show: 'Show password',
  hide: 'Hide password',
  unreachable: 'The server does not answer. Trying again …',
  unreachableWatching: 'The server does not answer. A running picture goes on without it.',
  unreachableAction: 'The server does not answer. Check your connection and try again.',
  unexpected: (detail: string) => `That did not work: ${detail}`,
  tooMany: (seconds: number | null) =>
    seconds === null
      ? 'Too many attempts. Wait a while and try again.'
      : `Too many attempts. Try again in ${seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`}.`,
  missing: {
    title: 'There is nothing here',
    body: 'This address leads nowhere, or what it showed has been removed.',
    home: 'To my cameras',
  },
  nav: { cameras: 'Cameras', add: 'Add camera', account: 'Account' },

  signIn: {
    title: 'Sign in',
    lead: 'See your own cameras, from anywhere.',
    email: 'E-mail',
    password: 'Password',
    submit: 'Sign in',
    busy: 'Signing in …',
    wrong: 'E-mail and password do not match.',
    ended: 'You were signed out.',
    toRegister: 'Create an account',
    firstStart:
      'This server is new. Open the link that it printed when it started to become its administrator.',
  },
  register: {
    title: 'Create your account',
    lead: 'It lives on this server and nowhere else.',
    leadAdministrator: 'You will be the administrator of this server.',
    email: 'E-mail',
    password: 'Password',
    passwordHint: 'At least 8 characters. A sentence is easy to remember and hard to guess.',
    submit: 'Create account',
    busy: 'Creating …',
    closedTitle: 'By invitation only',
    closed: 'This server takes new accounts by invitation. Ask whoever runs it for a link.',
    invalidTitle: 'This invitation no longer works',
    invalid: 'This invitation has been used or has run out. Ask for a new one.',
    signedInTitle: 'You are signed in already',
    signedIn: (email: string) =>
      `This invitation makes a new account, and this browser is signed in as ${email}. Sign out here to use it.`,
    signOut: 'Sign out and use it',
    taken: 'There is an account with this e-mail already. Sign in instead.',
    toSignIn: 'I have an account',
  },

  home: {
    title: 'Cameras',
    emptyTitle: 'Nothing to see yet',
    emptyBody:
      'Hold a code up to a camera, and its picture appears here. Video flows directly between the camera and you.',
    emptyAction: 'Add your first camera',
    failed: 'Your cameras could not be loaded.',
    retry: 'Try again',
    noPicture: 'Not watched here yet',
    pictureFrom: (when: string) => `Picture from ${when}`,
    watch: (name: string, state: string) => `Watch ${name}, ${state}`,
    open: (name: string, state: string) => `${name}, ${state}`,
    settings: (name: string) => `Settings of ${name}`,
  },
  standing: {
    online: 'Online',
    confirm: 'Is this your camera?',
    pairing: 'Being paired',
    waiting: 'Waiting to be paired',
    expired: 'Its code ran out',
    offline: 'Offline',
    offlineSince: (when: string) => `Offline since ${when}`,
    unpaired: 'Not paired',
    reset: 'Was reset',
  },

  watch: {
    live: 'Live',
    opening: 'Calling the camera',
    stalled: 'The picture has stopped. Connecting again',
    waiting: 'Trying again by itself',
    paused: 'Paused while out of sight',
    lastPicture: (when: string) => `Last picture: ${when}`,
    tryNow: 'Try now',
    mute: 'Mute (M)',
    unmute: 'Unmute (M)',
    fullScreen: 'Full screen (F)',
    leaveFullScreen: 'Leave full screen (F)',
    facts: 'About this connection (I)',
    closeFacts: 'Close',
    toCameras: 'All cameras',
    settings: 'Camera settings',
    video: (name: string) => `Live picture of ${name}`,
    ways: { direct: 'Direct', turn: 'Via TURN', relay: 'Via relay' },
    waysLong: {
      direct: 'Straight from the camera to this screen.',
      turn: 'Your networks leave no direct way, so a TURN server passes the encrypted video on.',
      relay: 'The relay of this server passes the video on.',
    },
    /** Why the relay, though straight would be better. */
    detours: {
      trying: 'It came first; the direct way is still being tried and takes over when it works.',
      rule: 'Your account says that it always does.',
      limit: 'The camera serves as many viewers directly as it may, so further ones share one upload.',
      blocked: 'This network lets no direct video through. It is tried again now and then.',
      path: 'The two networks allow no direct connection. It is tried again now and then.',
    } satisfies Record<Detour, string>,
    fact: {
      firstFrame: 'First picture after',
      roundTrip: 'Round trip',
      loss: 'Packets lost',
      bitrate: 'Data rate',
      resolution: 'Picture',
      encryption: 'Encryption',
      unknown: '–',
    },
  },
  /** The server's own table goes first, where it has arrived; the words are the same. */
  causes: {
    offline: { sentence: 'The camera is offline.', advice: 'Check its power and its Wi\u2011Fi.' },
    asleep: {
      sentence: 'The camera is connected but does not wake up.',
      advice: 'Wait half a minute. If it stays like this, restart the camera.',
    },
    signaling: {
      sentence: 'This server cannot be reached at the moment.',
      advice: 'A running picture goes on without it.',
    },
    forbidden: {
      sentence: 'You can no longer watch this camera.',
      advice: 'It was removed, paired anew, or your access has ended.',
    },
    codec: {
      sentence: 'This browser cannot show the camera’s kind of video.',
      advice: 'Try Chromium, Safari or Edge.',
    },
    busy: { sentence: 'The camera cannot serve another viewer.', advice: 'Close a picture somewhere else.' },
    closed: {
      sentence: 'This server offers no way for the video at the moment.',
      advice: 'It may lack a relay. Ask whoever runs it.',
    },
    path: {
      sentence: 'The two networks allow no direct connection.',
      advice: 'Try from the camera’s own network, or add a TURN server to this Belvedere.',
    },
    silent: {
      sentence: 'The camera has no picture.',
      advice: 'Check that its lens or stream works and is not in use.',
    },
    webrtc: {
      sentence: 'This browser makes no video connections.',
      advice:
        'An extension or a policy has switched WebRTC off. Allow it for this page, or use another browser.',
    },
    untrusted: {
      sentence: 'Somebody may stand between you and the camera, so no picture is shown.',
      advice:
        'What came was not signed by the camera that you know. If it was reset, pair it anew; if not, ask whoever runs this server.',
    },
    stranger: {
      sentence: 'The camera does not know this browser.',
      advice:
        'Let it in from a device that may watch, under Account. A guest asks the camera’s owner for a new link.',
    },
    insecure: {
      sentence: 'This page came without encryption, so it cannot check who sends the picture.',
      advice: 'Open this Belvedere by its https address.',
    },
    unsealable: {
      sentence: 'This browser cannot open the encrypted video that comes over the relay.',
      advice:
        'Use a current version of Chromium, Firefox, Safari or Edge, or a network that lets the video through directly.',
    },
    ended: { sentence: 'The camera ended the connection.', advice: 'The picture comes back by itself.' },
  } satisfies Record<Cause, { sentence: string; advice: string }>,

  add: {
    title: 'Add a camera',
    pairTitle: (name: string) => `Pair ${name}`,
    step: (step: number, of: number) => `Step ${step} of ${of}`,
    model: {
      question: 'Which camera is it?',
      belvedere: { name: 'Belvedere camera', note: 'A Raspberry Pi, PC or webcam running belvedere-camera' },
      rtsp: {
        name: 'Belvedere without a lens',
        note: 'An RTSP source or a headless device; you paste a text',
      },
      generic: { name: 'Other QR camera', note: 'Firmware that reads the long form of the code' },
    },
    wifi: {
      question: 'Which Wi\u2011Fi shall it join?',
      ssid: 'Network name',
      password: 'Password',
      passwordHint: 'Stays in this browser: it goes into the code, never to the server.',
      hidden: 'This network is hidden',
      hiddenHint: 'Hidden networks need their exact name, capitals included.',
      wired: 'It is on the network already, by cable or otherwise',
      band: 'Most cameras hear 2.4 GHz only. If your router has two names, take the one without “5G”.',
      portal:
        'Networks with a sign-in page (hotels, many guest networks) do not work: a camera cannot click.',
      longHidden: 'This camera’s form of the code cannot name a hidden network.',
      open: 'No password: anybody near can join this network.',
      faults: {
        ssid_missing: 'Enter the name of the network.',
        ssid_long: 'A network name has at most 32 bytes; this one is longer.',
        password_short: 'A Wi\u2011Fi password has at least 8 characters.',
        password_long: 'A Wi\u2011Fi password has at most 63 characters.',
      } satisfies Record<WifiFault, string>,
    },
    more: {
      title: 'More',
      secret: 'Setup code',
      secretHint:
        'Only if this camera has one on its label, or prints one by “belvedere-camera label”. Then nobody who photographs the QR code learns your Wi\u2011Fi password.',
      here: 'The QR code works only from where I am now',
      hereHint: 'Leave this off if this phone is on mobile data: the camera would call from another network.',
      networks: 'The QR code works only from these networks',
      networksHint: 'For instance 192.0.2.0/24. Leave empty for everywhere.',
      faults: {
        form: 'A setup code has twelve letters and digits.',
        typing: 'There is a typing mistake in this setup code.',
      } satisfies Record<SecretFault, string>,
    },
    name: {
      question: 'What shall it be called?',
      label: 'Name',
      suggestions: ['Front door', 'Garden', 'Living room', 'Garage', 'Nursery'],
      missing: 'Give it a name.',
    },
    code: {
      question: 'Show this code to the camera',
      questionPaste: 'Give this text to the camera',
      lead: 'Hold it a hand’s width to an arm’s length in front of the lens until the camera answers.',
      busy: 'Preparing the code …',
      unsealed: 'This browser cannot encrypt the password. Go back and leave the setup code out.',
      onlyFrom: (networks: string) => `Works only from ${networks}.`,
      label: 'QR code for the camera',
      left: (minutes: number, seconds: number) =>
        `Good for ${minutes}:${String(seconds).padStart(2, '0')} more`,
      over: 'This code no longer works',
      overRemoved: 'This camera is gone',
      /** What happened to a code that was on the screen. */
      fates: {
        expired: 'This code has run out.',
        failed: 'The server refused the device that came with this code.',
        replaced: 'Another code was made for this camera in the meantime.',
        cancelled: 'This code was taken back: pairing was cancelled elsewhere.',
        removed: 'It was removed elsewhere, and its code with it.',
      } satisfies Record<Exclude<CodeFate, 'good' | 'used'>, string>,
      following: 'Pairing the camera',
      used: 'The camera has read the code.',
      done: 'It was confirmed elsewhere. Its picture is among your cameras.',
      newCode: 'New code',
      tooLong:
        'Network name and password make a code too fine for a lens. Paste this text on the camera instead.',
      paste: 'On the camera, run this command and paste the text:',
      command: 'belvedere-camera pair -',
      copyText: 'Copy text',
      pasteHint: 'It contains your Wi\u2011Fi password. Paste it nowhere else.',
      pasteHintOpen: 'It lets one device join your cameras. Paste it nowhere else.',
      steps: {
        waiting: 'Waiting for the camera',
        seen: 'The camera has reached the server',
        activated: 'The camera is paired',
        online: 'The camera is online',
        first_frame: 'First picture',
      },
      silent: {
        title: 'Nothing yet? Check these',
        secret: 'The setup code is the one of this very camera.',
        code: [
          'Hold the code level, flat and well lit, without reflections, and let it fill about half of the view.',
          'Turn up the brightness of this screen.',
          'The camera hears 2.4 GHz only: choose that network, not the 5 GHz one.',
          'The network’s name and password are exactly right, capitals included.',
          'The network has no sign-in page, and lets its devices reach this server.',
          'The camera has power and is waiting for a code.',
          'If it has belonged to somebody else: it was reset since.',
        ],
        server: [
          'The camera has power and stands near enough to the router.',
          'Its network lets it keep a connection to this server, without a sign-in page or a proxy between.',
          'Switch it off and on again: it goes on where it was.',
          'If it has belonged to somebody else, it stays theirs: reset it, and make a new code.',
          'If nothing helps, make a new code under its settings.',
        ],
      },
    },
    confirm: {
      question: 'Is this your camera?',
      lead: 'Until you say yes, nobody else can see it.',
      coming: 'The camera is online. Its first picture is on the way …',
      yes: 'Yes, this is mine',
      no: 'No',
      refused: 'The camera was removed from your account. Its key no longer works.',
    },
  },
  /** Used until the server's own table has arrived, and where there is none. */
  verdicts: {
    wifi_password_wrong: ['The Wi\u2011Fi password is wrong.', 'Make a new code with the right password.'],
    network_not_found: [
      'The camera cannot find this network.',
      'Check the name. Most cameras hear 2.4 GHz only.',
    ],
    no_internet: ['The camera is on the Wi\u2011Fi, but that has no internet.', 'Check the router.'],
    server_unreachable: ['The camera cannot reach this server.', 'Check that its network may reach it.'],
    token_expired: ['The code was no longer valid when the camera used it.', 'Make a new code.'],
    code_wrong: [
      'The setup code was not this camera’s.',
      'Make a new code with the setup code that stands on this camera, or without one.',
    ],
    owner_unproven: [
      'The server could not show the camera whose it is, so the camera did not join.',
      'Remove it here and make a new code. If it happens again, somebody may stand between you and the camera.',
    ],
    other_owner: [
      'A code was held up to the camera that is not of its owner, so the camera did not join.',
      'If that was you, reset the camera and pair it anew. Otherwise look who can get in front of it.',
    ],
    not_trusted: [
      'The camera saw that somebody stood between it and a viewer, and showed nothing.',
      'Ask whoever runs this server. Watch from the camera’s own network until you know more.',
    ],
    token_used: ['The code had been used before.', 'Make a new code.'],
    factory_reset: [
      'The camera was reset to its factory state.',
      'If that was you, pair it again. Otherwise somebody had it in the hand: look after it.',
    ],
    identity_contested: [
      'Two devices take turns with this camera’s key.',
      'Its key or its memory card may have been copied. Reset the camera and pair it again: that gives it a new key. A camera with a token needs a new token.',
    ],
    session_mismatch: [
      'Something between this camera and a viewer did not fit.',
      'Somebody may have tried to get between them, perhaps this server; nothing was shown. If it happens again, watch from another network, and have whoever runs the server look at it.',
    ],
    clock_wrong: ['The camera’s clock is wrong.', 'Restart it, so that it sets its clock.'],
    udp_blocked: [
      'This network lets no UDP through, which direct video needs.',
      'The relay helps where the owner allows it. Otherwise try another network, for instance mobile data.',
    ],
    stun_silent: [
      'No server told this device its public address.',
      'The UDP port of this Belvedere’s relay must be open to the internet; “belvedere doctor” tells whether it is.',
    ],
    turn_refused: [
      'The TURN server did not take the connection.',
      'Check that it has the same secret as this Belvedere; “belvedere doctor” tells what it answers.',
    ],
    camera_symmetric_nat: [
      'The camera’s router allows no direct connection from other networks.',
      'Allow the relay in the settings, or add a TURN server. In the camera’s own network it works as it is.',
    ],
    relay_full: [
      'The relay serves as many viewers as it may.',
      'Close a picture somewhere else, or raise its limits.',
    ],
    relay_off: [
      'The owner of this camera has ruled this way out.',
      'Whether its video may go through the relay is a setting of the owner’s account.',
    ],
    relay_unreachable: [
      'No relay can be reached at the moment.',
      'Whoever runs this Belvedere should check that its relay is running and that its port is open.',
    ],
  } as Record<string, [string, string]>,

  settings: {
    title: 'Camera settings',
    name: 'Name',
    rename: 'Save name',
    facts: 'About this camera',
    fact: {
      state: 'State',
      model: 'Model',
      address: 'Local address',
      hardware: 'Hardware',
      added: 'Added',
      seen: 'Last seen',
      id: 'Id',
    },
    pair: 'Pair again',
    pairHint:
      'For a new Wi\u2011Fi password, a new network or after a reset. The camera keeps working until then.',
    pairAction: 'Make a code',
    contested: 'Its key may have been copied',
    dismiss: 'I know why',
    cancelPairing: 'Cancel pairing',
    viewers: 'Viewers',
    viewersLabel: 'Direct viewers',
    viewersHint:
      'So many get the video straight from the camera, each with an upload of its own. Further ones share a single upload through the relay.',
    viewersSave: 'Save viewers',
    remove: 'Remove camera',
    removeHint: 'Its key stops working at once, for everybody.',
    removeAction: 'Remove …',
    removeQuestion: (name: string) => `Remove ${name}?`,
    removeBody: 'All viewers are disconnected. To see it again, you have to pair it again.',
    removeConfirm: 'Remove',
    models: {
      belvedere: 'Belvedere camera',
      rtsp: 'Belvedere without a lens',
      generic: 'Other QR camera',
    } as Record<string, string>,
  },

  giving: {
    title: 'Give to somebody else',
    hint: 'A link by which another account of this server takes the camera over. From then on you see it no more.',
    unpaired: 'This camera has no key of its own. Its token ends with that, and it has to be paired anew.',
    obeysYou: 'It obeys your devices alone, so whoever takes it over has to reset it and pair it anew.',
    action: 'Make a link',
    label: 'Transfer link',
    secret: 'Whoever opens it first gets the camera. It is shown only now.',
    until: (when: string) => `A link is open until ${when}.`,
    withdraw: 'Withdraw',
  },

  transfer: {
    title: 'Take this camera over?',
    lead: (name: string, giver: string) => `${giver} gives you the camera “${name}”.`,
    after:
      'It stays paired, and its old owner sees it no more. You are asked once more whether the picture is yours.',
    unpaired:
      'You have to pair it anew: until then it knows its old owner, or nobody. If it does not take your code, reset it first. Its old owner sees it no more.',
    own: (name: string) => `“${name}” is your own camera. Send this link to whoever shall have it.`,
    yes: 'Take it over',
    no: 'Not now',
    deadTitle: 'This link no longer works',
    dead: 'It has been used, withdrawn or has run out. Ask for a new one.',
  },

  account: {
    title: 'Account',
    administrator: 'Administrator',
    password: 'Password',
    new: 'New password',
    change: 'Change password',
    changed: 'Password changed. All other sessions were signed out.',
    sessions: 'Where you are signed in',
    thisOne: 'This browser',
    since: (when: string) => `Since ${when}`,
    end: 'Sign out',
    endOther: (when: string) => `Sign out the session of ${when}`,
    everywhere: 'Sign out everywhere',
    signOut: 'Sign out',
    signOutHint: 'Also erases the last pictures kept in this browser.',
    ways: 'Ways for the video',
    waysHint: 'Holds for all your cameras, at once; a picture that goes another way starts anew.',
    waysRules: {
      auto: {
        name: 'Direct, with the relay as a reserve',
        note: 'Straight from camera to screen wherever the networks allow it; else this server passes the video on.',
      },
      never_relay: {
        name: 'Never through the relay',
        note: 'The video never passes through this server. On some networks there will be no picture.',
      },
      always_relay: {
        name: 'Always through the relay',
        note: 'The camera uploads once, whoever watches, and viewers do not learn its address.',
      },
    } satisfies Record<WaysRule, { name: string; note: string }>,
    invite: 'Invite somebody',
    inviteHint: 'A link for one new account on this server. It works once.',
    inviteAction: 'Make a link',
    inviteUntil: (when: string) => `Works once, until ${when}. It is shown only now.`,
  },
  sharing,
  privacy,
  accept,
  activity,
  errors: {
    email_taken: 'There is an account with this e-mail already.',
    already_shared: 'You see this camera already. The link is still good for somebody else.',
    own_camera: 'This camera is your own. The link is for somebody else.',
    last_administrator:
      'You are the only administrator of this server, and others have accounts on it. Whoever runs it makes one of them ' +
      'an administrator with “belvedere make-administrator E-MAIL”, then you can go.',
  } as Record<string, string>,
} as const;

/** A failure code in our words, where the server's own are not at hand. */
export function verdictWords(code: string): Verdict | undefined {
  const known = text.verdicts[code];
  return known && { sentence: known[0], advice: known[1] };
}

/** What a picture that does not come is about. */
export const causeWords = (cause: Cause, code: string | null): Verdict =>
  (code === null ? undefined : verdictWords(code)) ?? text.causes[cause];
