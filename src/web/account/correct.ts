/** `/account/data/correct`: a person puts right what they have said of themselves. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { heedBirthdate } from '#src/oidc/withdrawals.ts';
import { holdAccount, loadAccount } from '#src/people/accounts.ts';
import { ageGroup, writeBirthdate } from '#src/people/birthdate.ts';
import { checkCorrectedAge, readCorrectedAddress, readCorrectedBirthdate, tidied } from '#src/people/corrections.ts';
import { correctProfile, type Profile } from '#src/people/profile.ts';
import { checkUnrestricted, identityAssurance } from '#src/people/proofing.ts';
import { type CorrectContext, type CorrectionFields, correctPage } from '#views/account/correct.ts';
import { translate } from '#views/locale.ts';
import { dataCorrectedMessage } from '#views/messages.ts';
import { frameOf, showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts } from '../messages.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { sayRefused } from './refused.ts';
import { answerForm, showTo, type Visit, withProof } from './visit.ts';

const PATH = '/account/data/correct';

/** `GET /account/data/correct`, after a fresh proof. @throws {Refusal} `account_restricted` */
export function showCorrection(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(
    ctx,
    house,
    async (visit) => {
      checkUnrestricted(visit.account);
      const done = (['saved', 'unchanged'] as const).find((one) => one === ctx.query.done);
      const text = done && translate(ctx.state.language)(`correct.done-${done}`);
      await showPage(visit, { ...(text && { notice: { tone: 'done', text } }) });
    },
    { freshProof: true },
  );
}

/** `POST /account/data/correct`. @throws {Refusal} `session_required`, `csrf_mismatch`, `account_restricted` */
export function correctData(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({ save: withProof(save) }),
);

async function save(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  checkUnrestricted(account);
  if (!(await holdAccount(db, account.id))) throw new Refusal('account_unavailable');
  let changed: string[];
  try {
    const isVerified = await hasProvenIdentity(visit);
    const own = isVerified ? {} : { name: form.get('name'), ...birthdateIn(visit, form) };
    changed = await correctProfile(db, house.secrets, account.id, { ...own, ...restIn(account.profile, form) });
  } catch (error) {
    const field = error instanceof Refusal && error.code === 'name_invalid' ? 'name' : 'birthdate';
    return showPage(visit, { problems: [sayRefused(visit, error, field)], values: typedIn(form) });
  }
  if (changed.length === 0) return seeOther(ctx, `${PATH}?done=unchanged`);
  if (changed.includes('birthdate')) await followAge(visit);
  await notifyContacts(house, db, account.id, dataCorrectedMessage);
  seeOther(ctx, `${PATH}?done=saved`);
}

async function followAge({ house, db, account }: Visit): Promise<void> {
  const { profile } = await loadAccount(db, house.secrets, account.id);
  await heedBirthdate(db, house.secrets, account.id, ageGroup(profile, new Date()));
}

function birthdateIn({ account }: Visit, form: Form): Pick<Profile, 'birthdate'> | { birthdate: undefined } {
  const now = new Date();
  const { birthdate: before } = account.profile;
  // A year alone, or a day without its year, came from elsewhere and stays as it is unless it is touched.
  if (before && form.get('birthdate') === writeBirthdate(before)) return { birthdate: before };
  const birthdate = readCorrectedBirthdate(form.get('birthdate'), now);
  checkCorrectedAge(before, birthdate, now);
  return { birthdate };
}

function restIn(before: Profile, form: Form) {
  const { street, locality, region, 'postal-code': postalCode } = typedIn(form);
  const was = fieldsOf(before);
  const isSame =
    [street, locality, region, postalCode].join('\n') ===
    [was.street, was.locality, was.region, was['postal-code']].join('\n');
  const address = isSame ? before.address : readCorrectedAddress({ street, locality, region, postalCode });
  const gender = form.get('gender');
  return {
    nickname: tidied(form.get('nickname')),
    gender: gender === 'female' || gender === 'male' ? gender : undefined,
    address,
  };
}

/** Whether somebody has seen a document: then a name and a date of birth are what stands in it. */
async function hasProvenIdentity({ db, account }: Visit): Promise<boolean> {
  const level = await identityAssurance(db, account.id);
  return level === 'ial2' || level === 'ial3';
}

function fieldsOf({ name, nickname, birthdate, gender, address }: Profile): CorrectionFields {
  return {
    ...{ name: name ?? '', nickname: nickname ?? '', birthdate: writeBirthdate(birthdate ?? ''), gender: gender ?? '' },
    ...{ street: address?.street_address ?? '', locality: address?.locality ?? '' },
    ...{ region: address?.region ?? '', 'postal-code': address?.postal_code ?? '' },
  };
}

function typedIn(form: Form): CorrectionFields {
  return {
    ...{ name: form.get('name'), nickname: form.get('nickname'), birthdate: form.get('birthdate') },
    ...{ gender: form.get('gender'), street: form.get('street'), locality: form.get('locality') },
    ...{ region: form.get('region'), 'postal-code': form.get('postal-code') },
  };
}

async function showPage(
  visit: Visit,
  said: Pick<CorrectContext, 'notice' | 'problems'> & { readonly values?: CorrectionFields },
): Promise<void> {
  const { ctx, house, account } = visit;
  const isVerified = await hasProvenIdentity(visit);
  showForm(ctx, correctPage({ ...frameOf(ctx, house), values: fieldsOf(account.profile), isVerified, ...said }));
}
