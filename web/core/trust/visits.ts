/** Visits of a page: its hellos, which are made ahead, and its one worker. */

import type { Credentials, CredentialsOf, Unable } from './credentials';
import { Hellos, MAX_READY } from './hellos';
import type { Key } from './members';
import { Unsealer } from './unsealer';
import { Visit } from './visit';

export class Visits {
  credentialsOf: CredentialsOf = () => null;
  private readonly hellos = new Hellos();
  private readonly unsealer = new Unsealer();

  /** Somebody may click one of these next. */
  expect(cameras: Iterable<string>): void {
    for (const camera of [...cameras].slice(0, MAX_READY)) {
      const credentials = this.credentialsOf(camera);
      if (!isAble(credentials)) continue;
      this.hellos.prepare(camera, credentials);
      this.unsealer.warm();
    }
  }

  /** Whether a picture of this camera may be shown by the server's word alone. */
  believesServer(camera: string): boolean {
    return this.credentialsOf(camera) === null;
  }

  /** Why it cannot show itself to this camera; null where it can, or needs not. */
  unable(camera: string): Unable | null {
    const credentials = this.credentialsOf(camera);
    return typeof credentials === 'string' ? credentials : null;
  }

  /** The camera's key; null where none is known. */
  keyOf(camera: string): Key | null {
    const credentials = this.credentialsOf(camera);
    return isAble(credentials) ? credentials.camera : null;
  }

  /** For one session. Null: the camera knows no owner. */
  to(camera: string): Visit | Unable | null {
    const credentials = this.credentialsOf(camera);
    if (!isAble(credentials)) return credentials;
    return new Visit(credentials, this.hellos.take(camera, credentials), this.unsealer);
  }

  close(): void {
    this.hellos.forget();
    this.unsealer.close();
  }
}

const isAble = (credentials: Credentials | Unable | null): credentials is Credentials =>
  typeof credentials === 'object' && credentials !== null;
