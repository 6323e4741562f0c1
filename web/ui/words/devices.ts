/** The words of the page about the devices that may watch; loaded with it. */

export const devices = {
  this: 'This browser',
  unnamed: 'Device',
  since: (day: string, key: string) => `Since ${day}, key ${key}`,
  remove: 'Remove',
  removeOf: (label: string) => `Remove ${label}`,
  removeQuestion: (label: string) => `Remove ${label}?`,
  removeBody:
    'It sees your cameras no more, at once. What it has shared with others may have to be shared anew. To come back, it has to be let in again.',
  removePaper: 'The printed code will open nothing any more.',
  removeThis: 'This browser itself will see your cameras no more.',
  add: 'Let another device in',
  addHint: 'Sign in there and open this page: it shows a code. Type it here, or scan it with this device.',
  code: 'Code of the other device',
  find: 'Find it',
  nobody: 'No device with this code is waiting. Look at its screen again.',
  mistyped: 'A code has sixteen letters and digits.',
  asks: (label: string) =>
    `A device wants to be let in. It calls itself “${label}”. Is it in front of you, showing this code?`,
  letIn: 'Let it in',
  welcomed: (label: string) => `“${label}” may watch now.`,
  alone:
    'No device of yours is known to a camera yet. The first camera that you pair here begins with this browser.',
  begin: 'Begin now',
  newcomer: 'This browser is not among them',
  newcomerHint:
    'Your cameras believe your devices, not this server. So a device that is among them already has to let this one in.',
  removed: 'This browser was taken off',
  replaced: 'This server shows other devices than this browser knows',
  replacedHint:
    'If you have begun anew on another device, let this one in there. If nobody did, somebody has your password or this server: ask whoever runs it. This browser goes on watching the cameras that it knows.',
  show: 'Show a code',
  shown:
    'Open “Devices that may watch” on a device of yours and type this code, or scan it with that device.',
  qr: 'Code of this browser',
  waiting: 'Waiting to be let in …',
  ended: 'Nobody let this browser in. The code is no longer good.',
  done: 'This browser may watch now.',
  doneByPaper: 'This browser may watch now. Are all of these devices yours? Remove what is not.',
  almostFull:
    'This list has been changed so often that it is almost full. After some ten more changes you have to begin anew, and each camera has to be paired again.',
  unable: {
    insecure:
      'This page came without encryption, where browsers have no keys. Open it by https, or on the machine itself.',
    unsupported:
      'This browser is too old for these keys. Cameras that are paired with proof cannot be seen here.',
    storage:
      'This browser keeps no key, or cannot open it: a private window, blocked site data, or another tab that holds it. Close the other tabs and load this page anew.',
  },
  lost: 'I have none of these devices any more',
  lostHint:
    'Nobody can give them back, not even this server. You can begin anew with this browser: each camera then has to be reset and paired again.',
  restart: 'Begin anew …',
  restartQuestion: 'Begin anew with this browser?',
  restartBody: 'All other devices are taken off, and each camera has to be reset and paired again.',
} as const;

export const recovery = {
  title: 'Recovery code',
  label: 'Recovery code',
  hint: 'A device on paper: it lets a browser in when all others are lost. Browsers forget; paper in a drawer does not.',
  make: 'Make one to print',
  another: 'Make another',
  have: 'I have a recovery code',
  text: 'Recovery code, as it is printed',
  use: 'Let this browser in',
  sheetTitle: 'Belvedere recovery code',
  sheetFor: (email: string, server: string) => `For ${email} at ${server}`,
  sheetHow:
    'Whoever has this page and can sign in sees your cameras. Keep it where you keep your passport. To use it: sign in, open “Devices that may watch” and type it there. The QR code holds the same text: copy it, and never let a search engine look for it.',
  once: 'It is shown only now. Print it, or copy it by hand. Until you say that you have it, it opens nothing.',
  drop: 'I do not want it',
  print: 'Print',
  kept: 'I have it',
} as const;
