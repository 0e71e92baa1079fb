// Text from outside, made fit to be shown.

// C0, DEL, C1, line and paragraph separators, zero-width characters and everything that changes the
// direction of text (Unicode, UAX #9).
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const escaped = (character: string): string => {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
};

// The text with what cannot be seen spelled out, cut to `most` characters.
export function shown(text: string|undefined, most = 300): string {
  if (!text) return '';
  const cut = text.length > most ? text.slice(0, most - 1) + '…' : text;
  return cut.replace(UNSEEN, escaped);
}

export type Measure = (text: string, font: string) => number;

// As much of the text as is at most `width` wide, with … where something is missing.
export function clipped(text: string, font: string, width: number, measure: Measure): string {
  if (measure(text, font) <= width) return text;
  let fits = 0;
  let over = text.length;
  while (over - fits > 1) {
    const half = (fits + over) >> 1;
    if (measure(text.slice(0, half) + '…', font) <= width)
      fits = half;
    else
      over = half;
  }
  return text.slice(0, fits) + '…';
}

export const counted = (count: number, one: string, many = one + 's'): string =>
    `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

// Digits compare by value: web2 before web10.
export const natural = new Intl.Collator('en', {numeric: true}).compare;
