/**
 * Texts from outside, on their way to people: what engines and robots wrote must not move a cursor,
 * begin a line or turn the direction of what follows. Pure.
 */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** The text on one line, a blank for each character that could act on what shows it. */
export function harmless(text: string): string {
  return text.replace(UNSAFE, ' ');
}
