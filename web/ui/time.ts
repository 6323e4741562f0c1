/** Times in people's words. Pure: `now` and the locale are arguments. */

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** "5 minutes ago", "yesterday"; under a minute "just now". Both in milliseconds since the epoch. */
export function ago(then: number, now: number, locale?: string): string {
  const distance = now - then;
  const format = new Intl.RelativeTimeFormat(locale ?? 'en', { numeric: 'auto' });
  for (const [unit, size] of UNITS) {
    if (distance >= size) return format.format(-Math.floor(distance / size), unit);
  }
  return 'just now';
}

/** The time of day today, else day and time. */
export function since(then: number, now: number, locale?: string): string {
  const date = new Date(then);
  const sameDay = date.toDateString() === new Date(now).toDateString();
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
  const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  return date.toLocaleString(locale ?? [], sameDay ? time : { ...day, ...time });
}

/** Whole minutes and seconds until `end`, never below zero: never more than there is left. */
export function countdown(end: number, now: number): { minutes: number; seconds: number } {
  const left = Math.max(0, Math.floor((end - now) / 1000));
  return { minutes: Math.floor(left / 60), seconds: left % 60 };
}

/** The time of day. */
export function clock(then: number, locale?: string): string {
  return new Date(then).toLocaleTimeString(locale ?? [], { hour: '2-digit', minute: '2-digit' });
}

/** Of a moment in milliseconds since the epoch. */
export const day = (then: number, locale?: string): string =>
  new Date(then).toLocaleDateString(locale ?? [], { dateStyle: 'medium' });

/** Date and time, for what ends on another day. `time`: RFC 3339. */
export function dayAndTime(time: string, locale?: string): string {
  return new Date(time).toLocaleString(locale ?? [], { dateStyle: 'medium', timeStyle: 'short' });
}

const LENGTHS: [string, number][] = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** "2 h 5 min", "40 s": the two largest units that are not nothing. */
export function lasted(milliseconds: number): string {
  let left = Math.max(0, milliseconds);
  const parts: string[] = [];
  for (const [unit, size] of LENGTHS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

/** Unix seconds as RFC 3339; null stays null. */
export const timeOf = (seconds: number | null): string | null =>
  seconds === null ? null : new Date(seconds * 1000).toISOString();
