/** Agencies, sectors and apps by their names, in the language of whoever reads them. */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import type { Language } from '#src/base/refusals.ts';
import { accountClient, consoleClient } from '#src/oidc/own-clients.ts';
import { findAgencies } from '#src/registry/agencies.ts';
import { translate } from '#views/locale.ts';
import type { OpenHouse } from './house.ts';

/** An agency or a sector. */
interface Named {
  readonly id: string;
  readonly name: string;
  readonly nameEn: string;
}

/** An agency or a sector as it is called in a language. */
export function nameOf({ name, nameEn }: Omit<Named, 'id'>, language: Language): string {
  return language === 'en' ? nameEn : name;
}

/** What a list to choose from says of each. */
export function choiceIn(language: Language): (one: Named) => { readonly id: string; readonly name: string } {
  return (one) => ({ id: one.id, name: nameOf(one, language) });
}

/** Names of agencies by their ids; none of those that are gone. */
export async function nameAgencies(
  db: Db,
  ids: readonly string[],
  language: Language,
): Promise<ReadonlyMap<string, string>> {
  const agencies = ids.length > 0 ? await findAgencies(db, [...new Set(ids)]) : [];
  return new Map(agencies.map((agency) => [agency.id, nameOf(agency, language)]));
}

/** An app by its id; our own pages are apps too. What is gone is called by its id. */
export function appNameOf({ ctx, house }: { readonly ctx: Context; readonly house: OpenHouse }, id: string): string {
  const language: Language = ctx.state.language;
  const { issuer, brand } = house.config;
  if (id === accountClient(issuer, brand).id) return translate(language)('history.own-account');
  if (id === consoleClient(issuer, brand).id) return translate(language)('history.own-console');
  return house.clients.find(id)?.name[language] ?? id;
}
