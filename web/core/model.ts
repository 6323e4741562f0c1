/** What the REST API speaks of. Times are RFC 3339 in UTC; ids are random and url-safe. */

import type { Access } from './sharing';

/** Which ways the video of an account's cameras may take. */
export type WaysRule = 'auto' | 'never_relay' | 'always_relay';

export interface Account {
  id: string;
  email: string;
  administrator: boolean;
  ways: WaysRule;
  created_at: string;
}

export interface Setup {
  registration: 'closed' | 'open';
  administrator_exists: boolean;
  version: string;
  /** Who sends a link to those who forgot their password. */
  password_reset: 'mail' | 'administrator';
  /** The origin where passkeys work; null where they cannot. */
  passkeys_at: string | null;
}

export interface Login {
  id: string;
  created_at: string;
  expires_at: string;
  current: boolean;
  address: string;
  /** What the browser or app called itself. */
  agent: string;
}

export type CameraState = 'pending' | 'active' | 'unpaired';

export type PairingStep = 'waiting' | 'seen' | 'activated' | 'online' | 'first_frame' | 'expired' | 'failed';

export interface Pairing {
  id: string;
  step: PairingStep;
  expires_at: string;
  server_url: string;
  pin: string | null;
  ssid: string;
  hidden: boolean;
  /** From where alone the code may be used; empty: from anywhere. */
  allowed_networks: string[];
  /** Only in the answer that made it: shown once. */
  token?: string;
}

export interface CameraProblem {
  code: string;
  detail: string;
}

export interface Camera {
  id: string;
  name: string;
  model: string;
  state: CameraState;
  online: boolean;
  pairing: Pairing | null;
  confirmed: boolean;
  created_at: string;
  last_seen_at: string | null;
  hardware_id: string | null;
  local_ip: string | null;
  capabilities: Record<string, unknown>;
  problem: CameraProblem | null;
  first_frame: boolean;
  /** More viewers than this share one upload, through the relay. */
  direct_viewers: number;
  /** By the server's word: camera and owner have proven themselves to each other. */
  protected?: boolean;
  access: Access;
}

/** What stands behind a failure code: a sentence for a person, and what that person can do. */
export interface Verdict {
  sentence: string;
  advice: string;
}
