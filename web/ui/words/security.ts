/** The words about signing in with more than a password. */

import type { PasskeysHere } from '../../core/passkeys';

export const security = {
  title: 'Sign\u2011in security',
  open: 'Your password alone opens this account. A second factor keeps out whoever finds it out.',
  guarded: 'Your password and a second step open this account.',
  passkeysOnly: 'Only your passkeys open this account.',

  app: 'Authenticator app',
  appOff: 'Shows a code that changes every half minute. Any app of this kind will do.',
  appOn: 'On. Its code is asked for after your password.',
  appSetUp: 'Set up an app',
  appEnd: 'Turn off …',
  appScan: 'Scan this with the app, or type the key into it.',
  appQr: 'QR code for the authenticator app',
  appKey: 'Key',
  appCode: 'Code that the app shows',
  appConfirm: 'Turn on',

  passkeys: 'Passkeys',
  passkeysHint: 'Your phone, your computer or a security key lets you in, by finger, face or PIN.',
  passkeyName: 'Name of the new passkey',
  passkeyAdd: 'Add a passkey',
  passkeyAdded: (when: string) => `Added ${when}`,
  passkeyUsed: (when: string) => `used ${when}`,
  passkeyUnverified: 'only beside the password',
  passkeyRename: 'Rename',
  passkeyRenameThis: (name: string) => `Rename the passkey ${name}`,
  passkeyRemove: 'Remove',
  passkeyRemoveThis: (name: string) => `Remove the passkey ${name}`,
  newName: 'New name',
  save: 'Save',
  here: {
    address:
      'Passkeys belong to a name, and this server has only an address. Its operator can give it one (BELVEDERE_PUBLIC_URL).',
    elsewhere: 'Passkeys work where this server is at home. Open it there to add or use one:',
    unsupported: 'This browser knows no passkeys.',
  } satisfies Record<Exclude<PasskeysHere, 'possible'>, string>,
  refusedByBrowser:
    'The passkey was not used. You, or the browser, said no; browsers also do so where they do not trust the server’s certificate.',
  hasOneHere: 'This device holds a passkey for this account already.',

  codes: 'Recovery codes',
  codesLeft: (left: number) =>
    left === 0
      ? 'None are left. Make new ones, so that a lost phone does not lock you out.'
      : `${left} of 10 are left. Each stands in once for a second factor you have lost.`,
  codesRenew: 'Make new codes …',
  codesTitle: 'Keep these recovery codes',
  codesLead:
    'Each works once, when your phone or key is lost. They are shown only now: print them, or put them into your password manager.',
  codesKept: 'I have kept them',

  only: 'Passkeys as the only way in',
  onlyHint:
    'Your password then opens nothing. If your passkeys are lost, one recovery code lets you in, and another lets you add a new passkey.',
  onlyNeeds: 'This needs two passkeys that check who you are, or one of them and two recovery codes.',
  onlyOn: 'Let only passkeys in …',
  onlyOff: 'Let the password in again …',

  proof: {
    title: 'Is it you?',
    lead: 'Before this changes, show once more who you are. All other sessions will be signed out.',
    byPasskey: 'Use one of your passkeys.',
    byPasskeyOrCode: 'Use one of your passkeys or, if they are lost, a recovery code.',
    elsewhere: 'Your passkeys cannot be used in this browser, at this address.',
    password: 'Your password',
    code: {
      app: 'Code from the app, or a recovery code',
      recovery: 'Recovery code',
    },
    appHint: 'Each code works once. If you have just used one, wait for the next.',
    go: 'Continue',
    byCode: 'Use the code',
    passkey: 'Use a passkey',
    wrong: 'The password is not right.',
  },

  second: {
    title: 'One more step',
    lead: 'Your password was right. Now show that it is you.',
    app: 'Code from your app',
    appHint: 'Or one of your recovery codes.',
    recovery: 'Recovery code',
    go: 'Sign in',
    passkey: 'Use a passkey',
    over: 'This took too long. Type your password again.',
    back: 'Start over',
  },
  alone: {
    passkey: 'Sign in with a passkey',
    or: 'or',
    lost: 'I have lost my passkey',
    title: 'Sign in with a recovery code',
    lead: 'For accounts that only passkeys open. For others, type the code after your password.',
    code: 'Recovery code',
    wrong: 'E-mail and recovery code do not match, or your password is the way in.',
    back: 'Back to signing in',
  },
} as const;
