/** What people read where a camera is shared. */

import type { Lasting } from '../../core/sharing';

const until = (when: string | null): string => (when === null ? 'with no end date' : `until ${when}`);

export const sharing = {
  title: 'Sharing',
  alone: 'Nobody but you sees this camera.',
  open: 'Open invitations',
  invite: 'Invite somebody',
  /** What somebody may do, as the app knows it. */
  rights: (manage: boolean) => (manage ? 'Watch live and manage' : 'Watch live'),
  terms: (rights: string, end: string | null) => `${rights}, ${until(end)}`,
  ended: (when: string) => `Ended ${when}`,
  linkUntil: (when: string) => `The link works until ${when}`,
  withdraw: 'Withdraw',
  withdrawLabel: (when: string) => `Withdraw the invitation of ${when}`,
  withdrawn: 'Withdrawn. Its link no longer works.',
  change: 'Change',
  changeLabel: (email: string) => `Change what ${email} may do`,
  remove: 'Remove',
  removeLabel: (email: string) => `Remove ${email}`,
  removed: (email: string) => `${email} no longer sees this camera.`,
  changed: (email: string) => `Saved. It holds for ${email} at once.`,

  inviteTitle: (camera: string) => `Share “${camera}”`,
  changeTitle: (email: string) => `What ${email} may do`,
  may: 'They may',
  live: { name: 'Watch live', note: 'The live picture, and nothing else.' },
  manage: { name: 'Watch live and manage', note: 'Also change its name and its number of direct viewers.' },
  lasting: 'For how long',
  lastings: {
    same: 'As it is',
    forever: 'Until you end it',
    day: 'For a day',
    week: 'For a week',
    date: 'Until a date …',
  } satisfies Record<Lasting, string>,
  sameUntil: (when: string) => `As it is, until ${when}`,
  date: 'Last day',
  datePast: 'Choose a day that is not over yet.',
  make: 'Make a link',
  making: 'Making …',
  save: 'Save',
  linkTitle: 'Send them this link',
  link: 'Invitation link',
  linkHint: (when: string) =>
    `It works once, until ${when}, for whoever opens it first. It is shown only now; you can withdraw it.`,
  share: 'Share …',
  shareText: (camera: string) => `The camera “${camera}” is shared with you.`,
  done: 'Done',
  removeQuestion: (email: string) => `Remove ${email}?`,
  removeBody:
    'A picture that runs there ends as soon as the camera hears of it. To see this camera again they need a new invitation.',

  watchers: 'Who watches',
  you: 'You',
  now: 'Now',
  nobody: 'Nobody is watching at this moment.',
  lately: 'Lately',
  watchingSince: (when: string) => `Since ${when}`,
  watched: (when: string, long: string) => `${when}, for ${long}`,

  sharedBy: (owner: string) => `Shared by ${owner}`,
  yours: 'What you may do',
  yoursBy: (owner: string, end: string | null) =>
    end === null ? `Until ${owner} ends it, or you leave.` : `Until ${end}, unless ${owner} ends it before.`,
  seen: 'Its owner sees when you watch.',
  leave: 'Leave',
  leaveHint: 'You no longer see this camera; its owner keeps it.',
  leaveAction: 'Leave …',
  leaveQuestion: (camera: string) => `Leave “${camera}”?`,
  leaveBody: (owner: string) => `To see it again, you need a new invitation from ${owner}.`,
  lapsedTitle: (camera: string) => `“${camera}” is no longer shared with you`,
  lapsed: (owner: string) => `${owner} has ended it, or its time has run out.`,
};

export const accept = {
  title: (camera: string) => `“${camera}”`,
  lead: (owner: string) => `${owner} shares this camera with you.`,
  checking: 'Looking at your invitation …',
  failed: 'Your invitation could not be looked at',
  finishing: 'Finishing your invitation …',
  unfinished: 'Your invitation is not finished yet',
  unfinishedHint:
    'Until it is, the camera does not let you watch. Try again here, or open the link once more in this browser.',
  as: (email: string) => `You are signed in as ${email}.`,
  accept: 'Accept',
  busy: 'Accepting …',
  notNow: 'Not now',
  other: 'Use another account',
  register: 'Create an account',
  signIn: 'I have an account',
  registerLead: (camera: string) => `With it you see “${camera}”. It lives on this server and nowhere else.`,
  signInLead: (camera: string) => `Then you can accept “${camera}”.`,
  back: 'Back to the invitation',
  invalidTitle: 'This invitation no longer works',
  invalid: 'It has been used, was withdrawn, or has run out. Ask whoever sent it for a new one.',
  untrueTitle: 'Do not trust this invitation',
  untrue: (why: string) =>
    `Something is wrong between this server and whoever sent you the link: ${why}. Nothing was accepted. Tell them, and not by way of this server.`,
  checked:
    'Checked: the camera is that of whoever made this link, and no server can put another in its place. Beside its picture you read who could watch it.',
  endedTitle: 'What this invitation gives has ended',
  ended: (end: string, now: string) =>
    `It ended on ${end}. The clock of this device says that it is ${now}: if that is wrong, set it and open the link again. Otherwise ask whoever sent it for a new one.`,
  unsigned: 'This invitation is not signed: you trust this server not to look in.',
  ownTitle: 'This camera is your own',
  own: (camera: string) => `Send this link to somebody else: whoever opens it first sees “${camera}” too.`,
};
