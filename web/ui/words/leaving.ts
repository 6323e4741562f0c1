/** The words of forgotten passwords, and of the end of an account. */

export const forgotten = {
  link: 'Forgot your password?',
  title: 'Forgot your password?',
  lead: 'We send a link to the e-mail of your account, with which you choose a new one.',
  submit: 'Send the link',
  busy: 'Sending …',
  sentTitle: 'Look at your mail',
  sent: 'If there is an account with this e-mail, a link is on its way. It works once, within the next hour.',
  nothing: 'Nothing came? Look among the unwanted mail, and whether the address is the one of your account.',
  byCommand: 'This server sends no mail. Whoever runs it can make a link for you, with this command:',
  command: 'belvedere reset-link YOUR-E-MAIL',
  back: 'Back to sign in',
};

export const reset = {
  title: 'Choose a new password',
  lead: 'Everybody who is signed in to your account is signed out by it.',
  password: 'New password',
  submit: 'Set password',
  busy: 'Setting …',
  done: 'Your password is set. Sign in with it.',
  deadTitle: 'This link no longer works',
  dead: 'It was used, has run out, or a newer one was sent. Ask for another.',
  again: 'Ask for another link',
};

export const leaving = {
  title: 'Your data',
  hint: 'All that this server keeps about you and your cameras, in one file. It holds no password and no secret.',
  export: 'Download my data',
  action: 'Delete account …',
  question: 'Delete your account?',
  body: (cameras: number) =>
    `Your account goes${cameras ? `, and with it ${cameras === 1 ? 'your camera' : `your ${cameras} cameras`}` : ''}, ` +
    'what you share, and everything the activity log says of you. Running pictures end at once. ' +
    'What you did as a guest of others stays in their logs with your e-mail, for 400 days. It cannot be undone.',
  confirm: 'Delete account',
  done: 'Your account was deleted.',
};
