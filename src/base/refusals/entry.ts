/** What a refusal says, in every language of the house. */
export type Language = 'id' | 'en';

export interface Sentences {
  /** What happened. */
  readonly say: string;
  /** What to do next, or who acts now. */
  readonly next: string;
}

export interface RefusalEntry extends Record<Language, Sentences> {
  /** The HTTP status of the page or problem document. */
  readonly status: number;
}
