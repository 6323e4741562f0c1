/** An entry of the audit log as a person reads it. Pure: who reads and the names of the cameras are arguments. */

import type { AuditEntry } from '../core/audit';
import { actors, deeds, gone, noCamera, you } from './words/activity';

/** `me`: the reader's e-mail. A deed that we have no sentence for says its name. */
export function deedSentence(
  entry: AuditEntry,
  me: string,
  nameOf: (camera: string) => string | null,
): string {
  const { by, deed, camera, details } = entry;
  if (entry.erased) return upper(gone(deed.replaceAll('_', ' ')));
  const words = deeds[deed];
  if (!words) return upper(`${deed.replaceAll('_', ' ')}.`);
  const name = details['name'] ?? nameOf(camera);
  const who = by === me ? you : (actors[by] ?? by);
  const sentence = words({ who, camera: name ? `“${name}”` : noCamera, details });
  return sentence.startsWith(by) ? sentence : upper(sentence);
}

const upper = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);

/** Entries under the local day that they were made on, in their order. `locale`: as `Intl` knows it. */
export function byDay(
  entries: readonly AuditEntry[],
  locale?: string,
): { day: string; entries: AuditEntry[] }[] {
  const days: { day: string; entries: AuditEntry[] }[] = [];
  const format: Intl.DateTimeFormatOptions = {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  };
  for (const entry of entries) {
    const day = new Date(entry.at).toLocaleDateString(locale, format);
    if (days.at(-1)?.day !== day) days.push({ day, entries: [] });
    days.at(-1)?.entries.push(entry);
  }
  return days;
}
