/** The REST API of trust: what the server stores and passes on, and nobody believes it for. One method per route. */

import type { Proof } from './factors';
import type { Key } from './trust/members';

export type Send = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** `GET /api/cameras/{id}/trust`. Statements are texts. `chain`: of this account's right, empty for the owner. */
export interface Trust {
  camera_key: Key | null;
  /** From the camera's last activation. */
  pairing_proof: string | null;
  origin: string;
  /** By this account's installations, for each other. */
  introduction: string | null;
  owner_keyring: string[];
  orders: string | null;
  receipt: string | null;
  chain: string[];
  link_proof: string | null;
  /** Camera and owner have each sent their proof. */
  protected: boolean;
}

/** A browser that wants to belong. `proof`: of `installationProof`. */
export interface JoinRequest {
  id: string;
  key: Key;
  proof: string;
  label: string;
  created_at: string;
}

export class TrustRoutes {
  constructor(private readonly send: Send) {}

  keyring = async (): Promise<string[]> => (await this.send<Texts>('GET', '/api/me/keyring')).statements;
  /** Throws `keyring_moved` where another installation was faster. */
  extendKeyring = async (statement: string): Promise<string[]> =>
    (await this.send<Texts>('POST', '/api/me/keyring', { statement })).statements;
  endKeyring = (proof: Proof): Promise<void> => this.send('DELETE', '/api/me/keyring', proof);

  trust = (id: string): Promise<Trust> => this.send('GET', `${camera(id)}/trust`);
  /** Before the code of an open pairing is drawn. */
  proveOwner = (id: string, head: Key, proof: string): Promise<void> =>
    this.send('PUT', `${camera(id)}/pairing/owner`, { head, proof });
  introduce = (id: string, statement: string): Promise<void> =>
    this.send('PUT', `${camera(id)}/introduction`, { statement });
  /** The owner's newest word to a camera. Throws `orders_moved` where the server has one that is as new. */
  order = (id: string, statement: string): Promise<void> =>
    this.send('PUT', `${camera(id)}/orders`, { statement });
  /** A guest's yes, where his right came before he had a keyring. */
  acceptLate = (grant: string, statement: string): Promise<void> =>
    this.send('PUT', `/api/grants/${encodeURIComponent(grant)}/acceptance`, { statement });
  /** This app saw that somebody stands between. */
  alarm = (id: string, reason: string): Promise<void> =>
    this.send('POST', `${camera(id)}/alarms`, { reason });

  askToJoin = (key: Key, proof: string, label: string): Promise<{ id: string; expires_at: string }> =>
    this.send('POST', '/api/me/installations', { key, proof, label });
  joinRequests = async (): Promise<JoinRequest[]> =>
    (await this.send<{ requests: JoinRequest[] }>('GET', '/api/me/installations')).requests;
  /** `proof`: of `welcomeProof`, once it is there. */
  joinState = (id: string): Promise<{ state: 'waiting' | 'welcomed'; proof: string | null }> =>
    this.send('GET', joining(id));
  welcome = (id: string, proof: string): Promise<void> => this.send('PUT', joining(id), { proof });
  withdrawJoin = (id: string): Promise<void> => this.send('DELETE', joining(id));
}

interface Texts {
  statements: string[];
}

const camera = (id: string): string => `/api/cameras/${encodeURIComponent(id)}`;
const joining = (id: string): string => `/api/me/installations/${encodeURIComponent(id)}`;
