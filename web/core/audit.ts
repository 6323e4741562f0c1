/** The audit log as the API tells it. */

/** One deed. `by`: an e-mail, `camera`, `visitor` or `server`. `camera`: id of the one it was done to, or empty.
 * `erased`: what it said was taken out of the database before its time. */
export interface AuditEntry {
  number: number;
  at: string;
  deed: string;
  camera: string;
  by: string;
  address: string;
  details: Record<string, string>;
  erased: boolean;
}

/** Newest first. `more`: there are older ones. */
export interface AuditPage {
  entries: AuditEntry[];
  more: boolean;
}
