import type { OrdersStanding } from '../core/trust/ownership';

/** Who could look into a camera's pictures; `pending`: what was signed says nobody, and the camera may not know it yet. */
export type PrivacyKind = 'unproven' | 'open' | 'pending' | 'protected';

/** `standing` null: the camera knows no owner. What is signed holds when the camera has said so. */
export function privacyKind(standing: OrdersStanding | null): PrivacyKind {
  if (standing === null) return 'unproven';
  if (standing.standard) return 'open';
  return standing.obeyed === false ? 'pending' : 'protected';
}
