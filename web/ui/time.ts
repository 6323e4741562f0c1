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
