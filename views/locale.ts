import { IntlMessageFormat } from 'intl-messageformat';
import en from './locales/en.json' with { type: 'json' };
import id from './locales/id.json' with { type: 'json' };

/** The languages every page and message exists in; Bahasa Indonesia first. */
export const languages = ['id', 'en'] as const;

export type Language = (typeof languages)[number];

/** A sentence of the catalogues; an unknown one does not compile. */
export type MessageKey = keyof typeof id & keyof typeof en;

export type MessageValues = Record<string, string | number>;

/** Says a sentence in the language it was made for. */
export type Translate = (key: MessageKey, values?: MessageValues) => string;

type Catalogue<Other> = Record<keyof Other, string>;
const catalogues: Record<Language, Record<MessageKey, string>> = {
  id: id satisfies Catalogue<typeof en>,
  en: en satisfies Catalogue<typeof id>,
};

const locales: Record<Language, string> = { id: 'id-ID', en: 'en-GB' };

/** Where most readers are; a caller that knows better passes the reader's own zone. */
const defaultTimeZone = 'Asia/Jakarta';

const formats = new Map<string, IntlMessageFormat>();

/** The sentences of a language, with ICU arguments filled in. The result is plain text and still has to be escaped. */
export function translate(language: Language): Translate {
  const catalogue = catalogues[language];
  return (key, values) => {
    const message = catalogue[key];
    return values === undefined ? message : String(loadFormat(language, message).format(values));
  };
}

/** A day as people write it: "21 November 2026". */
export function formatDay(language: Language, date: Date, timeZone: string = defaultTimeZone): string {
  return dateFormat(language, { dateStyle: 'long', timeZone }).format(date);
}

/** A month as people write it: "November 2026". */
export function formatMonth(language: Language, date: Date, timeZone: string = defaultTimeZone): string {
  return dateFormat(language, { month: 'long', year: 'numeric', timeZone }).format(date);
}

/** A day and the minute, with the zone as people call it (WIB, WITA, WIT), since the reader may be in another one. */
export function formatMoment(language: Language, date: Date, timeZone: string = defaultTimeZone): string {
  const options = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const;
  return withZone(dateFormat(language, { ...options, timeZone }).format(date), date, timeZone);
}

/** The minute of a day that is named beside it, with the zone too. */
export function formatTime(language: Language, date: Date, timeZone: string = defaultTimeZone): string {
  const time = dateFormat(language, { hour: '2-digit', minute: '2-digit', timeZone }).format(date);
  return withZone(time, date, timeZone);
}

function withZone(said: string, date: Date, timeZone: string): string {
  const named = dateFormat('id', { timeZoneName: 'short', timeZone }).formatToParts(date);
  return `${said} ${named.find((part) => part.type === 'timeZoneName')?.value ?? ''}`.trim();
}

/** Time left as a person would say it: seconds under a minute and a half, else full minutes, rounded up; then hours. */
export function formatDuration(language: Language, seconds: number): string {
  const t = translate(language);
  if (seconds < 90) return t('duration.seconds', { count: Math.max(1, Math.ceil(seconds)) });
  if (seconds < 90 * 60) return t('duration.minutes', { count: Math.ceil(seconds / 60) });
  return t('duration.hours', { count: Math.ceil(seconds / 3600) });
}

/** "27.000" or "27,000". */
export function formatNumber(language: Language, number: number): string {
  return new Intl.NumberFormat(locales[language]).format(number);
}

/** "Rp 385.000.000". @param rupiah a whole number */
export function formatRupiah(language: Language, rupiah: number): string {
  const format = { style: 'currency', currency: 'IDR', maximumFractionDigits: 0 } as const;
  return new Intl.NumberFormat(locales[language], format).format(rupiah);
}

/** "10%". @param percentage a whole number from 0 to 100 */
export function formatPercentage(language: Language, percentage: number): string {
  return new Intl.NumberFormat(locales[language], { style: 'percent' }).format(percentage / 100);
}

/** "name, e-mail and address". */
export function formatList(language: Language, items: readonly string[]): string {
  return new Intl.ListFormat(locales[language], { type: 'conjunction' }).format(items);
}

function loadFormat(language: Language, message: string): IntlMessageFormat {
  const key = `${language}\0${message}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new IntlMessageFormat(message, locales[language], undefined, { ignoreTag: true });
  formats.set(key, made);
  return made;
}

const dateFormats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  const known = dateFormats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locales[language], options);
  dateFormats.set(key, made);
  return made;
}
