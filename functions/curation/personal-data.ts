// The obvious personal data and secrets, found by their form. Deliberately narrow: operators' talk is
// full of addresses and ports (127.0.0.1:9090 is nobody's), and a false alarm costs an example.

const PATTERNS: readonly [string, RegExp][] = [
  ['email', /[\w.+-]+@[\w-]+\.[\w.-]*[a-z]{2,}/i],
  ['iban', /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b/],
  [
    'phone',
    /(?<!\d|\d[. -])(\+\d{1,3}[\s.-]?)?(\(\d{2,4}\)[\s.-]?|\d{2,4}[\s.-])\d{3,4}[\s.-]\d{3,4}(?!\d|[. -]\d)/,
  ],
  ['us_social_security', /\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b/],
  ['private_key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  [
    'access_key',
    /\b(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,})\b/,
  ],
  ['token', /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}\b/],
];

const CARD = /\b\d(?:[ -]?\d){12,18}\b/g;

/** Check digit of payment cards (ISO/IEC 7812-1, annex B). */
function luhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The kind of the first personal datum in `text`, or undefined. */
export function personalData(text: string): string | undefined {
  const card = (text.match(CARD) ?? []).some((found) => luhn(found.replaceAll(/\D/g, '')));
  if (card) return 'payment_card';
  return PATTERNS.find(([, pattern]) => pattern.test(text))?.[0];
}
