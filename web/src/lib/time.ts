// Times as people read them, in the reader's language and time zone.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const dayThisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayWithYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

// Date holds ±8.64e15 ms; a timestamp beyond that must not throw while a list is drawn.
function dateOf(ms: number): Date {
  return new Date(Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? ms : 0);
}

export function clockTime(ms: number): string {
  return clock.format(dateOf(ms));
}

export function exactTime(ms: number): string {
  return exact.format(dateOf(ms));
}

export function isoTime(ms: number): string {
  return dateOf(ms).toISOString();
}

/** The local day as a number that grows by one a day: equal numbers, equal days. */
export function dayNumber(ms: number): number {
  const date = dateOf(ms);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
}

/** "Today", "Yesterday", "Monday, 12 May", "12 May 2024". */
export function dayLabel(ms: number, now: number): string {
  const behind = dayNumber(now) - dayNumber(ms);
  if (behind === 0) return "Today";
  if (behind === 1) return "Yesterday";
  const date = dateOf(ms);
  return date.getFullYear() === dateOf(now).getFullYear()
    ? dayThisYear.format(date)
    : dayWithYear.format(date);
}

/** Milliseconds from `now` to the next local midnight. */
export function untilMidnight(now: number): number {
  const date = new Date(now);
  date.setHours(24, 0, 0, 0);
  return Math.max(1_000, date.getTime() - now);
}
