import type { Language } from './locale.ts';

/** The legal bases of the personal-data law (UU PDP 27/2022, article 20) other than consent, as a person reads them. */
const names: Record<string, Record<Language, string>> = {
  contract: { id: 'pelaksanaan perjanjian dengan Anda', en: 'a contract with you' },
  legal_obligation: { id: 'kewajiban hukum', en: 'a legal obligation' },
  vital_interest: { id: 'pelindungan kepentingan vital', en: 'the protection of vital interests' },
  public_task: { id: 'tugas pelayanan publik', en: 'a public task' },
  legitimate_interest: { id: 'kepentingan yang sah', en: 'a legitimate interest' },
};

/** Names a legal basis; the code itself where it is not one of the law. */
export function basisName(language: Language, basis: string): string {
  return names[basis]?.[language] ?? basis;
}

/** A legal basis with the law that it rests on, where one is named. */
export function sayBasis(language: Language, basis: string, law: string | undefined): string {
  const name = basisName(language, basis);
  return law ? `${name} (${law})` : name;
}
