/** The words of the audit log. Each deed (`Deed` in signaling/audit.py) has its sentence: a test holds the two together. */

import { agentWords } from '../agent';
import { lasted } from '../time';

/** `who`: begins a sentence. `camera`: its name in quotes, or what stands for it. */
export interface Told {
  who: string;
  camera: string;
  details: Record<string, string>;
}

const WAYS: Record<string, string> = {
  auto: 'direct, with the relay as a reserve',
  never_relay: 'never through the relay',
  always_relay: 'always through the relay',
};

export const deeds: Record<string, (told: Told) => string> = {
  account_made: () => 'This account was made.',
  account_deleted: () => 'This account was deleted.',
  administrator_made: () => 'The server’s command made this account an administrator.',
  exported: ({ who }) => `${who} downloaded all data of this account.`,
  signed_in: ({ who, details }) => `${who} signed in${withAgent(details['agent'])}.`,
  sign_in_failed: () => 'Somebody tried to sign in, with a wrong password.',
  signed_out: ({ who, details }) => `${who} signed out${details['sessions'] ? ' everywhere' : ''}.`,
  password_changed: ({ who }) => `${who} changed the password.`,
  reset_link_made: ({ who }) => `${who} asked for a link that sets a new password.`,
  password_reset: () => 'A new password was set by a link; all sessions were signed out.',
  second_factor_failed: ({ who }) => `${who} had the right password and failed at the second step.`,
  proof_failed: () =>
    'Somebody who was signed in gave a wrong password, code or passkey to confirm something.',
  factor_added: ({ who, details }) => `${who} added ${factor(details)}.`,
  factor_removed: ({ who, details }) => `${who} removed ${factor(details)}.`,
  recovery_codes_made: ({ who }) => `${who} made new recovery codes.`,
  recovery_code_used: ({ who, details }) =>
    `${who} used a recovery code; ${details['left'] ?? '?'} are left.`,
  passkey_only_changed: ({ who, details }) =>
    details['on'] === 'yes'
      ? `${who} let nothing but passkeys open the account.`
      : `${who} let the password open the account again.`,
  ways_changed: ({ who, details }) => {
    const ways = WAYS[details['ways'] ?? ''];
    return `${who} changed the ways for video${ways ? `: ${ways}` : ''}.`;
  },
  invited: ({ who }) => `${who} made an invitation to this server.`,
  camera_added: ({ who, camera }) => `${who} added ${camera}.`,
  camera_changed: (told) => changed(told),
  camera_removed: ({ who, camera }) => `${who} removed ${camera}.`,
  camera_activated: ({ camera }) => `${camera} was paired.`,
  camera_confirmed: ({ who, camera }) => `${who} said yes to ${camera}.`,
  camera_denied: ({ who, camera }) => `${who} said no to ${camera}; its key was revoked.`,
  code_made: ({ who, camera }) => `${who} made a pairing code for ${camera}.`,
  code_cancelled: ({ who, camera }) => `${who} took back the pairing code of ${camera}.`,
  device_token_made: ({ who, camera }) => `${who} made a device token for ${camera}.`,
  guest_invited: ({ who, camera }) => `${who} made a link that shares ${camera}.`,
  guest_invitation_withdrawn: ({ who, camera }) => `${who} took back a link that shares ${camera}.`,
  guest_accepted: ({ who, camera }) => `${who} accepted a link to ${camera}.`,
  guest_changed: ({ who, camera, details }) =>
    `${who} changed what ${details['guest'] ?? 'a guest'} may do with ${camera}.`,
  guest_revoked: ({ who, camera, details }) =>
    `${who} stopped sharing ${camera} with ${details['guest'] ?? 'a guest'}.`,
  guest_left: ({ who, camera }) => `${who} gave back the access to ${camera}.`,
  watched: (told) => watched(told),
  transfer_offered: ({ who, camera }) => `${who} made a link that gives ${camera} away.`,
  transfer_withdrawn: ({ who, camera }) => `${who} withdrew the link that gives ${camera} away.`,
  camera_reset: ({ camera }) => `${camera} was reset to its factory state; its key was revoked.`,
  identity_contested: ({ camera, details }) =>
    `Two devices took turns with the key of ${camera}${from(details['one'], details['two'])}.`,
  alert_dismissed: ({ who, camera }) => `${who} took the warning about ${camera} away.`,
  keyring_begun: ({ who }) => `${who} began the list of devices that may watch.`,
  keyring_changed: ({ who, details }) =>
    `${who} changed the list of devices that may watch: ${details['installations'] ?? '?'} now.`,
  keyring_deleted: ({ who }) => `${who} gave up the list of devices that may watch.`,
  installation_asked: ({ details }) => `“${details['label'] ?? ''}” asked to be added to your devices.`,
  installation_welcomed: ({ who, details }) => `${who} added “${details['label'] ?? ''}” to the devices.`,
  orders_changed: ({ who, camera, details }) =>
    `${who} told ${camera} who may watch${details['standard'] === 'yes' ? '; standard players may' : ''}.`,
  session_mismatch: ({ camera, details }) =>
    `Something between ${camera} and a viewer did not fit${details['reason'] ? `: ${details['reason']}` : ''}.`,
  camera_given: ({ details }) =>
    `“${details['name'] ?? ''}” went to ${details['to'] ?? 'somebody else'} by your link.`,
  camera_taken: ({ who, camera, details }) => `${who} took ${camera} over from ${details['giver'] ?? ''}.`,
};

function factor(details: Record<string, string>): string {
  if (details['kind'] === 'all') return 'all second factors';
  if (details['kind'] === 'totp') return 'an authenticator app';
  return details['name'] ? `the passkey “${details['name']}”` : 'a passkey';
}

function changed({ who, camera, details }: Told): string {
  const { name, direct_viewers: viewers } = details;
  if (name) return `${who} gave a camera the name “${name}”.`;
  if (viewers) return `${who} set the direct viewers of ${camera} to ${viewers}.`;
  return `${who} changed ${camera}.`;
}

const from = (one: string | undefined, two: string | undefined): string =>
  one && two ? `, from ${one} and ${two}` : '';

function watched({ who, camera, details: { from = '', to = '', way } }: Told): string {
  const length = Date.parse(to) - Date.parse(from);
  const long = Number.isNaN(length) ? '' : ` for ${lasted(length)}`;
  return `${who} watched ${camera}${long}${way === 'relay' ? ', through the relay' : ''}.`;
}

const withAgent = (agent: string | undefined): string => (agent ? ` with ${agentWords(agent)}` : '');

export const actors: Record<string, string> = {
  camera: 'The camera',
  visitor: 'Somebody',
  server: 'The server',
};
export const you = 'You';
/** `deed`: its bare name, which is all that is left. */
export const gone = (deed: string): string =>
  `${deed}: somebody erased from the database who did it and what it was.`;
export const noCamera = 'a camera that is gone';

export const activity = {
  title: 'Activity',
  lead: 'What was done with your account and your cameras, newest first. What is changed in it afterwards can be found out.',
  leadOf: (camera: string) => `What was done with ${camera}, newest first.`,
  hint: 'Who did what, and when: sign-ins, changes, cameras.',
  hintOf: 'Who did what with this camera, and when.',
  action: 'Show activity',
  nothing: 'Nothing so far.',
  older: 'Show older',
  from: (address: string) => `From ${address}`,
};
